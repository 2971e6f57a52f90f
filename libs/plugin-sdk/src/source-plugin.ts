import type { z } from 'zod';
import type { PluginContext, PluginManifest } from './plugin.js';
import type { Provision } from './provision.js';
import type {
  BlockEndpoint,
  CallOptions,
  ChangeToken,
  DiskKey,
  Extent,
  ImageData,
  Lease,
  PowerState,
  SnapshotRef,
  VmDescription,
  VmId,
  VmSummary,
} from './values.js';

/** A place virtual machines come from. */
export interface SourcePlugin<Config = unknown> {
  readonly manifest: PluginManifest<'source', SourceCapability>;
  /** The one description of the settings: validates them, types them, draws the form, marks the secrets. */
  readonly settings: z.ZodType<Config>;
  /** Opens a live session. Throws `auth.rejected` or `peer.unreachable`. */
  connect(settings: Config, context: PluginContext, options: CallOptions): Promise<SourceSession>;
}

/** A live, authenticated connection. Disposing it releases everything it holds, except snapshots. */
export interface SourceSession extends AsyncDisposable {
  readonly inventory: SourceInventory;
  readonly snapshots: SnapshotControl;
  readonly disks: DiskReader;
  /** What this connection can do beyond the core: a subset of what the manifest advertises. */
  readonly can: SourceCapabilities;
}

export interface SourceInventory {
  /** Streams; 10 000 machines are never held at once. */
  list(options: CallOptions): AsyncIterable<VmSummary>;
  /** Throws `resource.not-found`. */
  describe(vm: VmId, options: CallOptions): Promise<VmDescription>;
}

export interface SnapshotSpec {
  readonly vm: VmId;
  /** Whether to ask the guest to flush first; a platform that cannot makes a crash-consistent one. */
  readonly quiesce: boolean;
}

/** How the guest took part in a snapshot. */
export interface SnapshotConsistency {
  /** Whether the guest had flushed; otherwise the snapshot is what a power failure would have left. */
  readonly guestFlushed: boolean;
  /** Why it had not, where it was asked to. */
  readonly because?: string;
}

/** One snapshot holds all disks of the machine at one moment. */
export interface SnapshotControl extends Provision<SnapshotSpec, SnapshotRef> {
  /** Left out by a platform that never asks the guest. Throws `resource.not-found`. */
  consistency?(ref: SnapshotRef, options: CallOptions): Promise<SnapshotConsistency>;
}

export interface DiskReader {
  /** A read-only NBD socket beside the source that shows the disk as of the snapshot, until the lease is disposed. */
  open(disk: DiskKey, snapshot: SnapshotRef, options: CallOptions): Promise<Lease<BlockEndpoint>>;
}

/** A capability is an object you supply, not a flag you claim. */
export interface SourceCapabilities {
  readonly changedBlocks?: ChangedBlockTracking;
  readonly power?: PowerControl;
  readonly consoleScreenshot?: SourceScreenshot;
  readonly privileges?: PrivilegeReport;
}
export type SourceCapability = keyof SourceCapabilities;

export interface ChangedBlockTracking {
  enable(vm: VmId, options: CallOptions): Promise<void>;
  disable(vm: VmId, options: CallOptions): Promise<void>;
  /** The token of "the disk as of this snapshot"; valid after the snapshot is removed. */
  token(disk: DiskKey, snapshot: SnapshotRef, options: CallOptions): Promise<ChangeToken>;
  /**
   * What changed between `since` and `until`: sorted, non-overlapping, a superset of every write.
   * Throws `tracking.reset` when `since` can no longer be honoured; the caller then copies in full.
   */
  changes(
    disk: DiskKey,
    range: { readonly since: ChangeToken; readonly until: SnapshotRef },
    options: CallOptions,
  ): AsyncIterable<Extent>;
}

export interface PowerControl {
  state(vm: VmId, options: CallOptions): Promise<PowerState>;
  /**
   * `force: false` asks the guest and throws `machine.not-stopped` when it has not ended after `timeoutMs`;
   * `force: true` pulls the plug. Resolves once the machine is confirmed off.
   */
  stop(
    vm: VmId,
    options: CallOptions & { readonly force: boolean; readonly timeoutMs: number },
  ): Promise<void>;
  start(vm: VmId, options: CallOptions): Promise<void>;
}

export interface SourceScreenshot {
  screenshot(vm: VmId, options: CallOptions): Promise<ImageData>;
}

/** One privilege of the platform, under the platform's own name. */
export interface PrivilegeState {
  readonly id: string;
  /** What of ours does not work without it, in a few words. */
  readonly neededFor: string;
  /** Whether nothing can be replicated without it; the others cost one feature. */
  readonly required: boolean;
  readonly granted: boolean;
}

/** What the account of the connection may do, asked of the platform at the moment of the call. */
export interface PrivilegeReport {
  list(options: CallOptions): Promise<readonly PrivilegeState[]>;
}

/** Types a source plugin without widening its settings. */
export function defineSourcePlugin<Config>(plugin: SourcePlugin<Config>): SourcePlugin<Config> {
  return plugin;
}
