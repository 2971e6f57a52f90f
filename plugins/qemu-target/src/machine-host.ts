import type { CallOptions, Firmware, ImageData, MachineRef, PowerState } from '@ossea/plugin-sdk';

/** A machine as it is to be defined on the host. */
export interface MachineShape {
  readonly id: MachineRef;
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly firmware: Firmware;
  readonly accelerator: 'auto' | 'tcg';
  readonly disks: readonly {
    readonly key: string;
    readonly file: string;
    readonly format: 'raw' | 'qcow2';
    readonly boot: boolean;
    /** What the guest sees the disk by; at most 20 characters. */
    readonly serial: string;
  }[];
  readonly nics: readonly { readonly key: string; readonly mac: string; readonly network: string }[];
}

/** What this plugin needs of whatever runs machines. They outlive the process that started them. */
export interface MachineHost {
  /** Writes the definition, replacing an earlier one. */
  define(machine: MachineShape): Promise<void>;
  /** Forgets the definition; the machine must be off. Forgetting what is not there succeeds. */
  forget(machine: MachineRef): Promise<void>;
  state(machine: MachineRef, options: CallOptions): Promise<PowerState>;
  start(machine: MachineRef, options: CallOptions): Promise<void>;
  /** Pulls the plug; resolves once the machine is confirmed off. */
  stop(machine: MachineRef, options: CallOptions): Promise<void>;
  screenshot(machine: MachineRef, options: CallOptions): Promise<ImageData>;
  serialLogPath(machine: MachineRef): string;
}
