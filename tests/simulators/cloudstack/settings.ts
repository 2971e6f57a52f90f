/** What an operator of the cloud can set; a test changes it while the simulator runs. */
export interface CloudstackSettings {
  /** As listCapabilities tells it. */
  version: string;
  /** Whether volumes of a running machine can be snapshotted (`kvm.snapshot.enabled`). */
  kvmSnapshotEnabled: boolean;
  /** How many data volumes a machine takes. */
  maxDataVolumes: number;
  /** `default.page.size`: also the most that a page can have. */
  pageSize: number;
  /** How long an ordinary job takes at least. */
  jobMs: number;
  /** How fast a snapshot is copied to secondary storage. */
  snapshotBytesPerSecond: number;
  /** No copy to secondary storage: a snapshot is ready as soon as it is made. The pool then says that it is Linstor. */
  snapshotsStayOnPrimary: boolean;
  /** The pool is managed storage: roots can neither be attached nor detached. */
  poolManaged: boolean;
  /** `wait.detach.device`: how long a guest has to let go of a volume. */
  detachWaitMs: number;
  /** How long a machine has to shut down before it is turned off. */
  shutdownWaitMs: number;
  /** Requests per account; root admins are exempt. */
  throttle: { readonly max: number; readonly intervalMs: number } | undefined;
  /** `enforce.post.requests.and.timestamps`. */
  enforcePost: boolean;
  /** `allow.user.expunge.recover.vm` and `….volume`. */
  allowUserExpunge: boolean;
  /** `allow.user.view.destroyed.vm`. */
  allowUserViewDestroyed: boolean;
  /** Added to the server's clock when it judges `expires`. */
  clockSkewMs: number;
  /** Per account; -1 is unlimited. */
  limits: ResourceLimits;
  /** Of the primary storage. */
  capacityGib: number;
}

export interface ResourceLimits {
  volumes: number;
  snapshots: number;
  instances: number;
  primaryStorageGib: number;
  secondaryStorageGib: number;
  networks: number;
}

export type PartialSettings = Partial<Omit<CloudstackSettings, 'limits'>> & {
  readonly limits?: Partial<ResourceLimits>;
};

const UNLIMITED: ResourceLimits = {
  volumes: -1,
  snapshots: -1,
  instances: -1,
  primaryStorageGib: -1,
  secondaryStorageGib: -1,
  networks: -1,
};

/** Whether the server is of a version, `4.18` and the like, or a later one. */
export function isAtLeast({ version }: Pick<CloudstackSettings, 'version'>, floor: string): boolean {
  const wanted = floor.split('.').map(Number);
  const had = version.split('.').map(Number);
  const differing = wanted.findIndex((part, index) => part !== (had[index] ?? 0));
  return differing === -1 || (had[differing] ?? 0) > wanted[differing]!;
}

export function settingsWith(changes: PartialSettings = {}): CloudstackSettings {
  return {
    version: '4.22.1.0',
    kvmSnapshotEnabled: true,
    maxDataVolumes: 32,
    pageSize: 500,
    jobMs: 20,
    snapshotBytesPerSecond: Infinity,
    snapshotsStayOnPrimary: false,
    poolManaged: false,
    detachWaitMs: 500,
    shutdownWaitMs: 3_000,
    throttle: undefined,
    enforcePost: false,
    allowUserExpunge: true,
    allowUserViewDestroyed: false,
    clockSkewMs: 0,
    capacityGib: 4_096,
    ...changes,
    limits: { ...UNLIMITED, ...changes.limits },
  };
}
