import type {
  CurrentAccess,
  CycleProgress,
  Job,
  JobStep,
  Problem,
  RecoveryPoint,
  VmContext,
} from '@ossea/api-contract';

/** Ids, times and documents as the appliance would send them. */
const TAIL = '01J0000000000000000000000';
export const idOf = (prefix: string, digit: number): string => `${prefix}_${TAIL}${digit}`;
export const AT = '2026-11-25T08:00:00.000Z';

export function accessSample(more: Partial<CurrentAccess> = {}): CurrentAccess {
  return {
    kind: 'cookie',
    userId: idOf('usr', 1),
    name: 'admin',
    role: 'administrator',
    permissions: ['self.use', 'state.read'],
    csrfToken: 'csrf',
    authenticatedAt: AT,
    expiresAt: AT,
    ...more,
  };
}

export function contextSample(more: Partial<VmContext> = {}): VmContext {
  return {
    id: idOf('ctx', 1),
    name: 'web-01',
    state: 'in-sync',
    sourceConnectionId: idOf('con', 1),
    sourceVmId: 'vm-1',
    disks: [{ key: 'virtio0', backing: 'a', label: 'Hard disk 1', sizeBytes: 1_073_741_824, boot: true }],
    generation: 1,
    autoAdded: false,
    version: 1,
    createdAt: AT,
    updatedAt: AT,
    ...more,
  };
}

export const lastCycleSample: NonNullable<VmContext['lastCycle']> = {
  cycleId: idOf('cyc', 1),
  kind: 'full',
  sequence: 1,
  sealedAt: AT,
  bytesMoved: 1024,
  bytesChanged: 1024,
  durationMs: 1000,
};

export function jobSample(more: Partial<Job> = {}): Job {
  return {
    id: idOf('job', 1),
    kind: 'replicate',
    category: 'replication',
    contextId: idOf('ctx', 1),
    state: 'running',
    cancelRequested: false,
    percent: 10,
    correlationId: 'c0ffee',
    requestedBy: 'administrator',
    createdAt: AT,
    startedAt: AT,
    links: { self: '/api/v1/jobs/1', log: '/api/v1/jobs/1/log' },
    ...more,
  };
}

export function stepSample(more: Partial<JobStep> = {}): JobStep {
  return {
    seq: 1,
    name: 'take-snapshot',
    label: 'Taking a snapshot of the source machine',
    state: 'running',
    percent: 0,
    startedAt: AT,
    ...more,
  };
}

export function progressSample(more: Partial<CycleProgress> = {}): CycleProgress {
  return {
    contextId: idOf('ctx', 1),
    jobId: idOf('job', 1),
    kind: 'full',
    bytesDone: 26_214_400,
    bytesTotal: 104_857_600,
    bytesMoved: 20_971_520,
    bytesPerSecond: 10_485_760,
    disks: [],
    ...more,
  };
}

export function pointSample(sequence: number, more: Partial<RecoveryPoint> = {}): RecoveryPoint {
  return {
    id: idOf('rp', sequence),
    contextId: idOf('ctx', 1),
    sequence,
    kind: 'incremental',
    sealedAt: AT,
    state: 'sealed',
    bytesMoved: 1024,
    bytesChanged: 1024,
    disks: [],
    ...more,
  };
}

export const problemSample: Problem = {
  type: 'https://ossea.dev/errors/storage.full',
  title: 'storage.full',
  status: 507,
  code: 'storage.full',
  cause: 'The spool is full.',
  remedy: 'Free space on the target storage, then retry: nothing that was copied is lost.',
  retryable: true,
};

const EPOCH = 'feed_1';

export const snapshotSample = (
  seq: number,
  parts: { contexts?: VmContext[]; jobs?: Job[]; progress?: CycleProgress[] } = {},
) => ({ mode: 'snapshot', epoch: EPOCH, seq, contexts: [], jobs: [], progress: [], ...parts });

export const replaySample = (seq: number, events: unknown[]) => ({
  mode: 'replay',
  epoch: EPOCH,
  seq,
  events,
});

export const envelopeSample = (seq: number, type: string, data: object) => ({
  epoch: EPOCH,
  seq,
  id: `evt_${seq}`,
  type,
  subject: 'subject',
  time: AT,
  data,
});
