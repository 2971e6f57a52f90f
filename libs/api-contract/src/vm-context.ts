import { z } from 'zod';
import { ListQuery, pageOf } from './page.js';
import { Bytes, Finding, Id, Timestamp } from './values.js';

export const PowerState = z.enum(['running', 'stopped', 'suspended']);
export const Firmware = z.enum(['bios', 'uefi']);

export const Nic = z
  .object({
    key: z.string(),
    mac: z.string(),
    network: z.string(),
    /** The adapter's model, as the source says it. */
    model: z.string().optional(),
    addresses: z.array(z.string()).optional(),
  })
  .meta({ id: 'Nic' });

export const Provisioning = z.enum(['thin', 'thick-lazy-zeroed', 'thick-eager-zeroed']);

/** A disk as the source describes it. */
export const SourceDisk = z
  .object({
    key: z.string(),
    backing: z.string(),
    label: z.string(),
    sizeBytes: Bytes,
    boot: z.boolean(),
    /** The datastore, pool or directory that holds it. */
    storage: z.string().optional(),
    provisioning: Provisioning.optional(),
    controller: z.string().optional(),
  })
  .meta({ id: 'SourceDisk' });
export type SourceDisk = z.infer<typeof SourceDisk>;

/** A machine as the source described it when we last looked. */
export const SourceMachine = z
  .object({
    cpus: z.int(),
    memoryBytes: Bytes,
    firmware: Firmware,
    guestOs: z.string().optional(),
    power: PowerState,
    nics: z.array(Nic),
    concerns: z.array(Finding),
    /** Where people find it at the source, from the top. */
    path: z.string().optional(),
    hostName: z.string().optional(),
    /** The cluster and host it runs on. */
    runsOn: z.string().optional(),
    secureBoot: z.boolean().optional(),
    vTpm: z.boolean().optional(),
    guestTools: z.enum(['running', 'stopped', 'absent']).optional(),
    snapshots: z.array(z.object({ name: z.string(), createdAt: z.string(), ours: z.boolean() })).optional(),
  })
  .meta({ id: 'SourceMachine' });
export type SourceMachine = z.infer<typeof SourceMachine>;

export const VmDisk = SourceDisk.extend({
  /** The target's name for the volume, once there is one. */
  volumeRef: z.string().optional(),
}).meta({ id: 'VmDisk' });
export type VmDisk = z.infer<typeof VmDisk>;

/** What is known of the last cycle, so that a list needs no second question. */
export const CycleSummary = z
  .object({
    cycleId: Id,
    kind: z.enum(['full', 'incremental']),
    sequence: z.int(),
    sealedAt: Timestamp,
    bytesMoved: Bytes,
    bytesChanged: Bytes,
    durationMs: z.int().nonnegative(),
  })
  .meta({ id: 'CycleSummary' });
export type CycleSummary = z.infer<typeof CycleSummary>;

/** Our record of one source VM under management. `state` is a name of the state machine; tolerate new ones. */
export const VmContext = z
  .object({
    id: Id,
    name: z.string(),
    state: z.string(),
    /** The working state that a fault interrupted. */
    origin: z.string().optional(),
    sourceConnectionId: Id,
    targetConnectionId: Id.optional(),
    vmaId: Id.optional(),
    sourceVmId: z.string(),
    placement: z.record(z.string(), z.unknown()).optional(),
    machine: SourceMachine.optional(),
    disks: z.array(VmDisk),
    generation: z.int(),
    autoAdded: z.boolean(),
    lastCycle: CycleSummary.optional(),
    /** The job that runs for it now. */
    activeJobId: Id.optional(),
    version: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'VmContext' });
export type VmContext = z.infer<typeof VmContext>;

export const VmContextPage = pageOf(VmContext, 'VmContextPage');
export type VmContextPage = z.infer<typeof VmContextPage>;

export const VmContextListQuery = ListQuery.extend({
  state: z.string().max(32).optional(),
  name: z.string().max(255).optional(),
});
export type VmContextListQuery = z.infer<typeof VmContextListQuery>;
