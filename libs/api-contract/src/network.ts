import { z } from 'zod';
import { Id } from './values.js';

const NetworkRef = z.string().min(1).max(191);

export const NetworkMapping = z
  .object({
    contextId: Id,
    sourceNetwork: z.string(),
    liveNetwork: z.string().optional(),
    testNetwork: z.string().optional(),
  })
  .meta({ id: 'NetworkMapping' });
export type NetworkMapping = z.infer<typeof NetworkMapping>;

export const NetworkMappingList = z
  .object({ items: z.array(NetworkMapping) })
  .meta({ id: 'NetworkMappingList' });
export type NetworkMappingList = z.infer<typeof NetworkMappingList>;

/** Replaces the mapping of one source network; what is left out is unmapped. */
export const SetNetworkMapping = z
  .strictObject({
    contextId: Id,
    sourceNetwork: NetworkRef,
    liveNetwork: NetworkRef.optional(),
    testNetwork: NetworkRef.optional(),
  })
  .meta({ id: 'SetNetworkMapping' });
export type SetNetworkMapping = z.infer<typeof SetNetworkMapping>;

export const TargetNetwork = z
  .object({ ref: z.string(), name: z.string(), isolated: z.boolean() })
  .meta({ id: 'TargetNetwork' });
export type TargetNetwork = z.infer<typeof TargetNetwork>;

export const TargetNetworkList = z
  .object({ items: z.array(TargetNetwork) })
  .meta({ id: 'TargetNetworkList' });
export type TargetNetworkList = z.infer<typeof TargetNetworkList>;

export const NetworkMappingQuery = z.object({ contextId: Id });
export type NetworkMappingQuery = z.infer<typeof NetworkMappingQuery>;

export const TargetNetworkQuery = z.object({ connectionId: Id });
export type TargetNetworkQuery = z.infer<typeof TargetNetworkQuery>;
