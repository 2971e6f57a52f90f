import { z } from 'zod';
import { PowerState, SourceDisk, SourceMachine, VmContext } from './vm-context.js';
import { Problem } from './problem.js';
import { Id } from './values.js';

export const DiscoverVms = z
  .strictObject({
    connectionId: Id,
    /** Only machines whose name contains this, upper and lower case alike. */
    nameContains: z.string().max(100).optional(),
  })
  .meta({ id: 'DiscoverVms' });
export type DiscoverVms = z.infer<typeof DiscoverVms>;

export const DiscoveredVm = z
  .object({
    id: z.string(),
    name: z.string(),
    power: PowerState,
    /** Where people find it at the source, from the top. */
    path: z.string().optional(),
    /** The record of it, where it is under management already. */
    contextId: Id.optional(),
  })
  .meta({ id: 'DiscoveredVm' });
export type DiscoveredVm = z.infer<typeof DiscoveredVm>;

export const DiscoveredVms = z
  .object({ connectionId: Id, items: z.array(DiscoveredVm), truncated: z.boolean() })
  .meta({ id: 'DiscoveredVms' });
export type DiscoveredVms = z.infer<typeof DiscoveredVms>;

export const DescribeVm = z
  .strictObject({ connectionId: Id, vmId: z.string().min(1).max(191) })
  .meta({ id: 'DescribeVm' });
export type DescribeVm = z.infer<typeof DescribeVm>;

/** What a machine is made of, and what should be known of it before the first byte moves. */
export const DescribedVm = SourceMachine.extend({
  id: z.string(),
  name: z.string(),
  /** Which vCenter or host tracks its changes. */
  hostId: z.string(),
  disks: z.array(SourceDisk),
}).meta({ id: 'DescribedVm' });
export type DescribedVm = z.infer<typeof DescribedVm>;

export const AddVms = z
  .strictObject({
    connectionId: Id,
    vmIds: z.array(z.string().min(1).max(191)).min(1).max(500),
    targetConnectionId: Id,
    /** By the target plugin's placement schema. */
    placement: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'AddVms' });
export type AddVms = z.infer<typeof AddVms>;

/** One failure does not stop the others. */
export const AddedVms = z
  .object({
    added: z.array(VmContext),
    failed: z.array(z.object({ vmId: z.string(), problem: Problem })),
  })
  .meta({ id: 'AddedVms' });
export type AddedVms = z.infer<typeof AddedVms>;
