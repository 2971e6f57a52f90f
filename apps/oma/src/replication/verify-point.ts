import { CLUSTER_BYTES } from '@ossea/copy-engine';
import { RecoveryPoint } from './recovery-point.entity.js';
import type { ContextVolumes, SignalOption } from './replication-ports.js';
import type { RunContext } from './run-context.js';

/**
 * Reads clusters of the newest recovery point back and notes how many were equal to what was read at the source.
 * Throws `disk.corrupt` and what reading throws.
 */
export async function verifyPoint(
  { contextId, volumes, database }: Pick<RunContext, 'contextId' | 'volumes' | 'database'>,
  scope: Parameters<ContextVolumes['verify']>[1]['scope'],
  options: SignalOption & { readonly onProgress?: (fraction: number) => void },
): Promise<{ readonly pointSequence: number; readonly bytesChecked: number }> {
  const { pointSequence, bytesChecked } = await volumes.verify(contextId, { ...options, scope });
  await database
    .getRepository(RecoveryPoint)
    .update(
      { contextId, sequence: pointSequence },
      { verifiedAt: new Date(), verifiedClusters: Math.ceil(bytesChecked / CLUSTER_BYTES) },
    );
  return { pointSequence, bytesChecked };
}
