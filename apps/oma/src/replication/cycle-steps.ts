import {
  partKey,
  provisioned,
  unprovisioned,
  type DiskCopy,
  type DiskExport,
  type DiskToken,
  type DiskWork,
  type StepHandlers,
  type StepsOf,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { CopyProgress } from '@ossea/copy-engine';
import type { EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { machineFactsOf } from '../discovery/machine-facts.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { decideWork } from './decide-work.js';
import { honoured } from './honour-token.js';
import { mustNotBeBlocked } from './must-not-be-blocked.js';
import { Cycle } from './cycle.entity.js';
import { beginCycle, endCycle, lastPoint, markFolded, sealPoint } from './recovery-points.js';
import type { CopyOrder } from './replication-ports.js';
import type { CycleMeasure, RunContext } from './run-context.js';
import { verifyPoint } from './verify-point.js';

type CycleHandlers = StepHandlers<RunContext, StepsOf<'preparing' | 'replicating' | 'cancelling'>>;

/** How many clusters each cycle re-reads at the target; a full verification is on demand and before a failover. */
const SAMPLE_CLUSTERS = 64;

/** Starts with the cycle's id, so that all copies of a cycle can be forgotten together. */
export const copyIdOf = (cycle: string, disk: string): string => partKey(cycle, disk);

/** Everything a journal depends on: a change of any part makes the engine start the journal afresh. */
const journalIdentityOf = (snapshot: string, target: DiskExport, work: DiskWork): string =>
  JSON.stringify([snapshot, target.exportName, target.delta ?? 'volume', work.kind, work.since ?? '']);

export const CYCLE_HANDLERS: CycleHandlers = {
  async 'describe-vm'({ vmId }, { signal, context }) {
    const vm = await context.source.inventory.describe(vmId, { signal });
    // before anything is refused: the operator looks there for what stands in the way
    await context.database
      .getRepository(VmContext)
      .update({ id: context.contextId }, { machine: machineFactsOf(vm) as never });
    mustNotBeBlocked(vm);
    if (vm.disks.length === 0)
      throw new MigrationError('resource.not-found', `The machine "${vm.name}" has no disk to replicate.`);
    return { vm };
  },

  async 'enable-change-tracking'({ vm }, { signal, context }) {
    await context.source.can.changedBlocks?.enable(vm.id, { signal });
    return { tracking: true };
  },

  async 'create-volumes'({ vm }, { signal, keys, context }) {
    const { volumes, fresh } = await context.volumes.create(context.contextId, vm.disks, keys.volumes, {
      signal,
    });
    return { volumes, freshVolumes: fresh };
  },

  async 'attach-volumes'(_given, { signal, context }) {
    await context.volumes.attach(context.contextId, { signal });
    return { attachment: true };
  },

  async 'open-exports'({ vm, recoveryPoint }, { signal, context }) {
    const { contextId, vmaId, volumes, database } = context;
    const last = await lastPoint(database, contextId);
    const exports = await volumes.openForCycle(
      {
        context: contextId,
        vmaId,
        sequence: (last?.sequence ?? 0) + 1,
        disks: vm.disks,
        // In-place writes tear the target when anything dies half-way: only a target that holds no point is written so.
        destination: recoveryPoint ? 'delta' : 'volume',
      },
      { signal },
    );
    return { exports };
  },

  async 'take-snapshot'({ vm }, { signal, keys, context }) {
    const spec = { vm: vm.id, quiesce: true };
    return { snapshot: await provisioned(context.source.snapshots, spec, keys.snapshot, { signal }) };
  },

  async 'decide-work'(
    { vm, snapshot, exports, recoveryPoint, changeTokens, freshVolumes },
    { signal, context },
  ) {
    const last = recoveryPoint ? await lastPoint(context.database, context.contextId) : undefined;
    const row = await context.database.getRepository(VmContext).findOneByOrFail({ id: context.contextId });
    const zeroed = context.target.can.zeroedVolumes !== undefined;
    const disks: DiskWork[] = [];
    for (const disk of vm.disks) {
      const sealed = last?.disks.find(({ diskKey }) => diskKey === disk.key);
      const token = changeTokens?.find((one) => one.disk === disk.key)?.token;
      const { key: diskKey, backing, sizeBytes } = disk;
      const decision = await honoured(
        decideWork(
          { hostId: vm.hostId, vmId: vm.id, diskKey, backing, sizeBytes },
          sealed && { ...sealed, token, generation: last?.generation ?? -1 },
          row.generation,
          context.source.can.changedBlocks !== undefined,
        ),
        { disk: diskKey, since: token, until: snapshot },
        context,
        signal,
      );
      const { kind, reason, because } = decision;
      context.say(`${disk.label}: ${kind}`, { disk: diskKey, reason, ...(because ? { because } : {}) });
      disks.push({
        disk: diskKey,
        kind,
        reason,
        ...(because ? { because } : {}),
        ...(kind === 'incremental' && token ? { since: token } : {}),
        // A cycle that was broken off has left data behind: only volumes nobody ever wrote may skip their holes.
        targetIsZero:
          zeroed &&
          exportOf(exports, diskKey).destination === 'volume' &&
          (freshVolumes ?? []).includes(diskKey),
      });
    }
    const kind = disks.some((disk) => disk.kind === 'full') ? 'full' : 'incremental';
    const newest = await lastPoint(context.database, context.contextId);
    const cycle = await beginCycle(context, { sequence: (newest?.sequence ?? 0) + 1, kind });
    return { cyclePlan: { cycle, kind, disks } };
  },

  async 'copy-disks'({ snapshot, exports, cyclePlan }, { signal, report, context }) {
    const measures = new Map<string, CopyProgress>();
    const tell = () => {
      const all = [...measures.entries()];
      const sum = (field: keyof CopyProgress) => all.reduce((total, [, one]) => total + one[field], 0);
      const measure: CycleMeasure = {
        cycleId: cyclePlan.cycle,
        kind: cyclePlan.kind,
        bytesDone: sum('bytesDone'),
        bytesTotal: sum('bytesTotal'),
        bytesMoved: sum('bytesMoved'),
        disks: all.map(([disk, { bytesDone, bytesTotal }]) => ({ disk, bytesDone, bytesTotal })),
      };
      context.copied(measure);
      const { bytesDone, bytesTotal } = measure;
      // Until every disk has said how much it must move, a share of the whole cannot be told.
      if (measures.size === cyclePlan.disks.length)
        report({ fraction: bytesTotal === 0 ? 1 : bytesDone / bytesTotal, bytesDone, bytesTotal });
    };
    const copied = await allOrNothing(cyclePlan.disks, signal, async (work, one): Promise<DiskCopy> => {
      const target = exportOf(exports, work.disk);
      const order: CopyOrder = {
        copyId: copyIdOf(cyclePlan.cycle, work.disk),
        correlationId: context.correlationId,
        disk: work.disk,
        snapshot,
        exportName: target.exportName,
        sizeBytes: target.sizeBytes,
        work:
          work.kind === 'incremental' && work.since
            ? { kind: 'incremental', since: work.since }
            : { kind: 'full', targetIsZero: work.targetIsZero },
        journalIdentity: journalIdentityOf(snapshot, target, work),
      };
      const result = await context.copies.run(order, {
        signal: one,
        onProgress: (progress) => {
          measures.set(work.disk, progress);
          tell();
        },
      });
      const { bytesTotal, bytesMoved, bytesZeroed, bytesResumed, seconds } = result;
      return { disk: work.disk, bytesTotal, bytesMoved, bytesZeroed, bytesResumed, seconds };
    });
    return { copied };
  },

  async 'check-written'({ exports, cyclePlan }, { signal, context }) {
    const last = await lastPoint(context.database, context.contextId);
    for (const target of exports) {
      const journal = await context.copies.journal(copyIdOf(cyclePlan.cycle, target.disk), { signal });
      await context.volumes.checkWritten(context.contextId, target, journal, { signal });
      await context.volumes.stageDigests(context.contextId, target, (last?.sequence ?? 0) + 1, journal);
    }
    return { written: true };
  },

  async 'seal-recovery-point'({ vm, snapshot, cyclePlan, copied }, { signal, joinEnd, context }) {
    const tracking = context.source.can.changedBlocks;
    const changeTokens: DiskToken[] = [];
    for (const disk of tracking ? vm.disks : [])
      changeTokens.push({ disk: disk.key, token: await tracking!.token(disk.key, snapshot, { signal }) });
    const consistency = await context.source.snapshots.consistency?.(snapshot, { signal });
    // Flushed and closed first: the token must never be ahead of the bytes.
    await context.volumes.closeExports(context.contextId, { signal, discard: false });
    const pointId = newId('rp');
    joinEnd(async (manager) => {
      const seal = { pointId, vm, cyclePlan, copied, tokens: changeTokens, consistency };
      await sealPoint(manager as EntityManager, context, seal);
    });
    const newest = await lastPoint(context.database, context.contextId);
    const recoveryPoint = {
      id: pointId,
      cycle: cyclePlan.cycle,
      generation: (newest?.sequence ?? 0) + 1,
      sealedAt: new Date().toISOString(),
    };
    return { recoveryPoint, changeTokens };
  },

  async 'drop-snapshot'(_given, { signal, keys, context }) {
    // What the VMA kept of the copies on this snapshot is of no use without it.
    await forgetCopies(context, signal);
    if (keys.snapshot) await unprovisioned(context.source.snapshots, keys.snapshot, { signal });
  },

  async 'close-exports'(_given, { signal, context }) {
    await context.volumes.closeExports(context.contextId, { signal, discard: true });
    await endCycle(context.database, context.contextId, 'cancelled');
  },

  async 'verify-sample'(_given, { signal, context }) {
    await verifyPoint(context, { clusters: SAMPLE_CLUSTERS }, { signal });
  },

  async 'fold-deltas'(_given, { signal, context }) {
    await context.volumes.fold(context.contextId, { signal, keep: false });
    await markFolded(context);
  },
};

/** A VMA that cannot be asked keeps a few journals longer; that is no reason to fail a cycle. */
async function forgetCopies(context: RunContext, signal: AbortSignal): Promise<void> {
  const cycles = await context.database
    .getRepository(Cycle)
    .find({ where: { contextId: context.contextId }, order: { startedAt: 'DESC' }, take: 1 });
  for (const { id } of cycles)
    await context.copies.forgetAll(id, { signal }).catch((error: unknown) => {
      context.say('The VMA keeps journals that are not needed any more.', {
        cycle: id,
        cause: String(error),
      });
    });
}

function exportOf(exports: readonly DiskExport[], disk: string): DiskExport {
  const found = exports.find((one) => one.disk === disk);
  if (!found) throw new MigrationError('disk.identity-changed', `No export is open for the disk "${disk}".`);
  return found;
}

/** All at once; the first failure stops the others and is thrown only when they have stopped. */
async function allOrNothing<Item, Result>(
  items: readonly Item[],
  signal: AbortSignal,
  body: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let first: unknown;
  const settled = await Promise.allSettled(
    items.map((item) =>
      body(item, both).catch((error: unknown) => {
        first ??= error;
        stop.abort();
        throw error;
      }),
    ),
  );
  if (first !== undefined) throw first;
  return settled.map((one) => (one as PromiseFulfilledResult<Result>).value);
}
