import type { RecoveryPoint as PointView } from '@ossea/api-contract';
import { CLUSTER_BYTES } from '@ossea/copy-engine';
import type { EntityManager } from 'typeorm';
import { Delta } from '../volumes/delta.entity.js';
import { Cycle } from './cycle.entity.js';
import { RecoveryPoint, RecoveryPointDisk } from './recovery-point.entity.js';

/** A recovery point as the API and the feed show it. */
export async function pointView(manager: EntityManager, point: RecoveryPoint): Promise<PointView> {
  const disks = await manager
    .getRepository(RecoveryPointDisk)
    .find({ where: { pointId: point.id }, order: { diskKey: 'ASC' } });
  const cycle = await manager.getRepository(Cycle).findOneBy({ id: point.cycleId });
  const folding = await manager
    .getRepository(Delta)
    .countBy({ contextId: point.contextId, sequence: point.sequence, state: 'folding' });
  const sum = (field: 'bytesMoved' | 'bytesChanged') => disks.reduce((total, disk) => total + disk[field], 0);
  return {
    id: point.id,
    contextId: point.contextId,
    sequence: point.sequence,
    kind: point.kind,
    sealedAt: point.sealedAt.toISOString(),
    state: point.foldedAt ? 'folded' : folding > 0 ? 'folding' : 'sealed',
    bytesMoved: sum('bytesMoved'),
    bytesChanged: sum('bytesChanged'),
    ...(cycle ? { durationMs: cycle.durationMs } : {}),
    disks: disks.map(({ diskKey, bytesMoved, bytesChanged, kind, reason, because }) => ({
      diskKey,
      bytesMoved,
      bytesChanged,
      kind,
      reason,
      ...(because === null ? {} : { because }),
    })),
    ...(point.consistency
      ? {
          consistency: {
            level: point.consistency,
            ...(point.consistencyNote === null ? {} : { because: point.consistencyNote }),
          },
        }
      : {}),
    ...(point.verifiedAt
      ? {
          verified: {
            at: point.verifiedAt.toISOString(),
            bytesChecked: point.verifiedClusters * CLUSTER_BYTES,
          },
        }
      : {}),
  };
}
