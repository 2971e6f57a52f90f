import type { z } from 'zod';
import type { GuidedSetUp } from './guided-set-up.js';
import type { PluginContext, PluginManifest } from './plugin.js';
import type { Provision } from './provision.js';
import type {
  CallOptions,
  Finding,
  Firmware,
  ImageData,
  Lease,
  MachineRef,
  NetworkRef,
  PowerState,
  VolumeDevice,
  VolumeRef,
  VolumeSnapshotRef,
} from './values.js';

/** A place virtual machines go to. */
export interface TargetPlugin<Config = unknown, Placement = unknown> {
  readonly manifest: PluginManifest<'target', TargetCapability>;
  readonly settings: z.ZodType<Config>;
  /** What the operator must choose per machine (zone, offering, networks…). */
  readonly placement: z.ZodType<Placement>;
  /** Opens a live session. Throws `auth.rejected` or `peer.unreachable`. */
  connect(settings: Config, context: PluginContext, options: CallOptions): Promise<TargetSession<Placement>>;
  /** A set-up for people, where the settings are not what anybody has at hand. */
  readonly setUp?: GuidedSetUp<Config>;
}

export interface TargetSession<Placement = unknown> extends AsyncDisposable {
  readonly catalog: TargetCatalog<Placement>;
  readonly volumes: VolumeControl<Placement>;
  readonly machines: MachineControl<Placement>;
  readonly networks: { list(options: CallOptions): Promise<readonly TargetNetwork[]> };
  limits(options: CallOptions): Promise<TargetLimits>;
  readonly can: TargetCapabilities;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Everything a placement can be chosen from, by placement field. */
export interface Catalog {
  readonly fields: Readonly<Record<string, readonly Choice[]>>;
}

export interface TargetCatalog<Placement> {
  discover(options: CallOptions): Promise<Catalog>;
  /** Choices for one placement field, so the console can offer a list instead of a text box. */
  choices(field: string, options: CallOptions): Promise<readonly Choice[]>;
  /** Names everything that would stop this placement, before the first byte is copied. */
  validate(placement: Placement, options: CallOptions): Promise<readonly Finding[]>;
}

export interface TargetNetwork {
  readonly ref: NetworkRef;
  readonly name: string;
  readonly isolated: boolean;
}

export interface TargetLimits {
  /** How many volumes the appliance can hold attached at once. */
  readonly attachedVolumes: number;
  readonly snapshotsAtOnce: number;
}

export interface VolumeSpec<Placement> {
  readonly name: string;
  readonly sizeBytes: number;
  readonly placement: Placement;
}

export interface VolumeControl<Placement> extends Provision<VolumeSpec<Placement>, VolumeRef> {
  /**
   * Opening attaches the volume to the appliance, disposing detaches it.
   * Throws `volume.in-use` while the volume is attached elsewhere.
   */
  open(volume: VolumeRef, options: CallOptions): Promise<Lease<VolumeDevice>>;
}

export interface BlueprintDisk {
  readonly volume: VolumeRef;
  readonly boot: boolean;
}

export interface BlueprintNic {
  readonly mac: string;
  readonly network: NetworkRef;
  /** The addresses that the source's guest has on this card, as far as they are known. */
  readonly addresses?: readonly string[];
}

export interface MachineBlueprint<Placement> {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly firmware: Firmware;
  /** Whether the firmware must check signatures, as the source's does; only with `uefi`. */
  readonly secureBoot?: boolean;
  /** The guest's operating system, in the source's words. */
  readonly guestOs?: string;
  /** Boot volume first. */
  readonly disks: readonly BlueprintDisk[];
  readonly nics: readonly BlueprintNic[];
  readonly placement: Placement;
}

/** `create` defines the machine with its volumes attached and leaves it stopped. */
export interface MachineControl<Placement> extends Provision<MachineBlueprint<Placement>, MachineRef> {
  state(machine: MachineRef, options: CallOptions): Promise<PowerState>;
  start(machine: MachineRef, options: CallOptions): Promise<void>;
  /** Resolves once the machine is confirmed off; stopping a stopped machine succeeds. */
  stop(machine: MachineRef, options: CallOptions): Promise<void>;
}

export interface TargetCapabilities {
  readonly volumeSnapshots?: VolumeSnapshots;
  /** New volumes read as zeroes, so the first full cycle may skip holes. */
  readonly zeroedVolumes?: { readonly guaranteed: true };
  readonly isolatedNetworks?: Provision<{ readonly name: string }, NetworkRef>;
  readonly consoleScreenshot?: TargetConsole;
  /** Where a person can look at a machine's console; the address may hold a token, so it is handed on and never kept. */
  readonly consoleUrl?: { url(machine: MachineRef, options: CallOptions): Promise<string> };
  /** Makes sure that another appliance can no longer write to any volume. */
  readonly fenceAppliance?: { fence(applianceId: string, options: CallOptions): Promise<void> };
}
export type TargetCapability = keyof TargetCapabilities;

export interface VolumeSnapshots {
  readonly whileAttached?: VolumeSnapshotControl;
  readonly whileDetached?: VolumeSnapshotControl;
  readonly cost: 'instant' | 'copies-volume';
}

/** `remove` of a snapshot keeps the volume as it is and keeps volumes made from the snapshot. */
export interface VolumeSnapshotControl extends Provision<{ readonly volume: VolumeRef }, VolumeSnapshotRef> {
  /** Puts the volume back to the snapshot; the volume must be detached from everything. */
  revert(snapshot: VolumeSnapshotRef, options: CallOptions): Promise<void>;
  /** New volumes that hold what the snapshot holds. Remove them like any volume, through `volumes.remove`. */
  readonly volumeFromSnapshot: Provision<
    { readonly snapshot: VolumeSnapshotRef; readonly name: string },
    VolumeRef
  >;
}

export interface TargetConsole {
  screenshot(machine: MachineRef, options: CallOptions): Promise<ImageData>;
  /** The last `maxBytes` of what the machine printed to its serial console. */
  serialLog?(machine: MachineRef, options: CallOptions & { readonly maxBytes: number }): Promise<string>;
}

/** Types a target plugin without widening its settings and placement. */
export function defineTargetPlugin<Config, Placement>(
  plugin: TargetPlugin<Config, Placement>,
): TargetPlugin<Config, Placement> {
  return plugin;
}
