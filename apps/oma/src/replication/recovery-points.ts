import type { CyclePlan, DiskCopy, DiskToken, SealedPoint } from '@ossea/core';
import type { SnapshotConsistency, VmDescription } from '@ossea/plugin-sdk';
import { IsNull, LessThanOrEqual, type DataSource, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { Volume } from '../volumes/volume.entity.js';
import { Cycle, type CycleKind, type CycleState } from './cycle.entity.js';
import { RecoveryPoint, RecoveryPointDisk } from './recovery-point.entity.js';
import type { RunContext } from './run-context.js';

export interface PointWithDisks extends RecoveryPoint {
  readonly disks: readonly RecoveryPointDisk[];
}

/** The newest sealed recovery point of a context. */
export async function lastPoint(
  database: DataSource,
  contextId: string,
): Promise<PointWithDisks | undefined> {
  const point = await database
    .getRepository(RecoveryPoint)
    .findOne({ where: { contextId }, order: { sequence: 'DESC' } });
  if (!point) return undefined;
  return Object.assign(point, {
    disks: await database.getRepository(RecoveryPointDisk).findBy({ pointId: point.id }),
  });
}

/** Opens the row of a cycle; one that an earlier try of this context left open ends as failed. */
export async function beginCycle(
  context: RunContext,
  { sequence, kind }: { readonly sequence: number; readonly kind: CycleKind },
): Promise<string> {
  await endCycle(context.database, context.contextId, 'failed');
  const id = newId('cyc');
  await context.database.getRepository(Cycle).insert({
    id,
    contextId: context.contextId,
    jobId: context.jobId,
    correlationId: context.correlationId,
    sequence,
    kind,
    state: 'running',
    bytesChanged: 0,
    bytesMoved: 0,
    bytesResumed: 0,
    durationMs: 0,
    startedAt: new Date(),
    endedAt: null,
  });
  return id;
}

/** Closes the open cycle of a context, if there is one. */
export async function endCycle(
  database: DataSource,
  contextId: string,
  state: Exclude<CycleState, 'running' | 'sealed'>,
): Promise<void> {
  await database
    .getRepository(Cycle)
    .update({ contextId, state: 'running', endedAt: IsNull() }, { state, endedAt: new Date() });
}

const sum = (copies: readonly DiskCopy[], field: 'bytesTotal' | 'bytesMoved' | 'bytesResumed'): number =>
  copies.reduce((total, copy) => total + copy[field], 0);

/** The rows of a seal, with the id that the step's answer already carries. */
export interface Seal {
  readonly pointId: string;
  readonly vm: VmDescription;
  readonly cyclePlan: CyclePlan;
  readonly copied: readonly DiskCopy[];
  readonly tokens: readonly DiskToken[];
  readonly consistency: SnapshotConsistency | undefined;
}

/**
 * The seal: recovery point, identities, change tokens and the deltas' state, joined to the transaction
 * that ends the step.
 */
export async function sealPoint(manager: EntityManager, context: RunContext, seal: Seal): Promise<void> {
  const { vm, cyclePlan, copied, tokens, pointId, consistency } = seal;
  const cycle = await manager.getRepository(Cycle).findOneByOrFail({ id: cyclePlan.cycle });
  const row = await manager.getRepository(VmContext).findOneByOrFail({ id: context.contextId });
  const now = new Date();
  await manager.getRepository(RecoveryPoint).insert({
    id: pointId,
    contextId: context.contextId,
    cycleId: cycle.id,
    sequence: cycle.sequence,
    generation: row.generation,
    kind: cyclePlan.kind,
    sealedAt: now,
    foldedAt: null,
    verifiedClusters: 0,
    verifiedAt: null,
    consistency: consistency?.guestFlushed ? 'guest-flushed' : 'crash',
    consistencyNote: consistency?.because ?? null,
  });
  for (const disk of vm.disks) {
    const work = cyclePlan.disks.find((one) => one.disk === disk.key);
    const copy = copied.find((one) => one.disk === disk.key);
    const volume = await manager
      .getRepository(Volume)
      .findOneByOrFail({ contextId: context.contextId, diskKey: disk.key });
    await manager.getRepository(RecoveryPointDisk).insert({
      id: newId('rpd'),
      pointId,
      diskKey: disk.key,
      volumeId: volume.id,
      hostId: vm.hostId,
      vmId: vm.id,
      backing: disk.backing,
      sizeBytes: disk.sizeBytes,
      changeToken: tokens.find((one) => one.disk === disk.key)?.token ?? null,
      kind: work?.kind ?? 'full',
      reason: work?.reason ?? 'first-cycle',
      because: work?.because ?? null,
      bytesMoved: copy?.bytesMoved ?? 0,
      bytesChanged: copy?.bytesTotal ?? 0,
    });
  }
  await context.volumes.seal(manager, context.contextId, cycle.sequence);
  const measured = {
    bytesChanged: sum(copied, 'bytesTotal'),
    bytesMoved: sum(copied, 'bytesMoved'),
    durationMs: now.getTime() - cycle.startedAt.getTime(),
  };
  await manager
    .getRepository(Cycle)
    .update(
      { id: cycle.id },
      { state: 'sealed', endedAt: now, bytesResumed: sum(copied, 'bytesResumed'), ...measured },
    );
  const { sequence, kind } = cycle;
  const lastCycle = { cycleId: cycle.id, kind, sequence, sealedAt: now.toISOString(), ...measured };
  await manager
    .getRepository(VmContext)
    .update({ id: context.contextId }, { lastCycle: lastCycle as never, updatedAt: now });
  await context.facts.sealed(manager, pointId, context);
}

/** Notes which recovery points are wholly in the volumes now. */
export async function markFolded(context: RunContext): Promise<void> {
  const { database, contextId } = context;
  await database.transaction(async (manager) => {
    const volumes = await manager.getRepository(Volume).findBy({ contextId });
    const current = Math.min(...volumes.map(({ currentPoint }) => currentPoint ?? 0));
    const points = await manager.getRepository(RecoveryPoint).find({
      where: { contextId, foldedAt: IsNull(), sequence: LessThanOrEqual(current) },
      order: { sequence: 'ASC' },
    });
    for (const { id, sequence } of points) {
      await manager.getRepository(RecoveryPoint).update({ id }, { foldedAt: new Date() });
      await context.facts.folded(manager, sequence, context);
    }
  });
}

/** A stored recovery point as the fact that steps pass on. */
export function asFact(point: RecoveryPoint): SealedPoint {
  return {
    id: point.id,
    cycle: point.cycleId,
    generation: point.sequence,
    sealedAt: point.sealedAt.toISOString(),
  };
}
