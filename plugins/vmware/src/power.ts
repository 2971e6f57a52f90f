import { MigrationError } from '@ossea/errors';
import type { CallOptions, PowerControl, PowerState } from '@ossea/plugin-sdk';
import { isFault } from './fault-to-error.js';
import { guarded } from './guarded.js';
import { waitForTask, waitUntil } from './vim25/index.js';
import { powerStateOf } from './vm-properties.js';
import type { Vsphere } from './vsphere.js';

/** How long a machine may take to be off after vSphere has said that it pulled the plug. */
const CONFIRM_MS = 60_000;

/** Switches machines on and off. */
export class VmwarePower implements PowerControl {
  constructor(private readonly vsphere: Vsphere) {}

  state(vm: string, call: CallOptions): Promise<PowerState> {
    return guarded(call, () => this.now(vm, call));
  }

  stop(
    vm: string,
    options: CallOptions & { readonly force: boolean; readonly timeoutMs: number },
  ): Promise<void> {
    return guarded(options, async () => {
      if ((await this.now(vm, options)) === 'stopped') return;
      if (options.force) return this.pullThePlug(vm, options);
      await this.ask(vm, options);
    });
  }

  start(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      if ((await this.now(vm, call)) === 'running') return;
      const { client } = this.vsphere;
      await waitForTask(
        client,
        await client.call('PowerOnVM_Task', this.vsphere.vmRef(vm), {}, call),
        call,
      ).catch((fault: unknown) => {
        // somebody else was faster
        if (!isFault(fault, 'InvalidPowerState')) throw fault;
      });
      if (!(await this.reaches(vm, 'poweredOn', CONFIRM_MS, call)))
        throw new MigrationError(
          'machine.start-failed',
          'vSphere has started the machine, and yet it does not run.',
          {
            context: { vm },
          },
        );
    });
  }

  private async now(vm: string, call: CallOptions): Promise<PowerState> {
    const facts = await this.vsphere.vm(vm, call, ['runtime.powerState']);
    return powerStateOf(facts['runtime.powerState']);
  }

  /** ShutdownGuest comes back at once and needs VMware Tools; a guest may take its time, or not listen. */
  private async ask(vm: string, options: CallOptions & { readonly timeoutMs: number }): Promise<void> {
    try {
      await this.vsphere.client.call('ShutdownGuest', this.vsphere.vmRef(vm), {}, options);
    } catch (fault) {
      if (isFault(fault, 'InvalidPowerState') && (await this.now(vm, options)) === 'stopped') return;
      if (isFault(fault, 'ToolsUnavailable'))
        throw new MigrationError(
          'machine.not-stopped',
          'VMware Tools do not run: nobody can ask the guest to stop.',
          {
            cause: fault,
            context: { vm },
          },
        );
      throw fault;
    }
    if (await this.reaches(vm, 'poweredOff', options.timeoutMs, options)) return;
    throw new MigrationError(
      'machine.not-stopped',
      `The guest has not stopped within ${options.timeoutMs} ms.`,
      {
        context: { vm },
      },
    );
  }

  private async pullThePlug(vm: string, call: CallOptions): Promise<void> {
    const { client } = this.vsphere;
    await waitForTask(
      client,
      await client.call('PowerOffVM_Task', this.vsphere.vmRef(vm), {}, call),
      call,
    ).catch((fault: unknown) => {
      if (!isFault(fault, 'InvalidPowerState')) throw fault;
    });
    if (!(await this.reaches(vm, 'poweredOff', CONFIRM_MS, call)))
      throw new MigrationError(
        'machine.not-stopped',
        'vSphere has switched the machine off, and yet it runs.',
        {
          context: { vm },
        },
      );
  }

  private reaches(vm: string, state: string, timeoutMs: number, { signal }: CallOptions): Promise<boolean> {
    const path = 'runtime.powerState';
    return waitUntil(this.vsphere.client, this.vsphere.vmRef(vm), [path], (props) => props[path] === state, {
      timeoutMs,
      signal,
    });
  }
}
