import type { Journal } from '@ossea/copy-engine';
import type { DiskExport } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { ClusterRun, ImageTool } from '@ossea/qemu';
import type { DataSource } from 'typeorm';
import type { CycleExports } from './cycle-exports.js';
import type { Deltas } from './deltas.js';
import { clustersIn } from './digest-maps.js';
import type { VolumeLeases } from './volume-leases.js';
import { Volume } from './volume.entity.js';

export interface WrittenCheckOptions {
  readonly database: DataSource;
  readonly exports: CycleExports;
  readonly deltas: Deltas;
  readonly leases: VolumeLeases;
  readonly images: ImageTool;
}

/**
 * Compares what a cycle wrote with its journal, before anything is sealed: one cluster more than the journal knows
 * would destroy its neighbours at the fold.
 */
export class WrittenCheck {
  constructor(private readonly options: WrittenCheckOptions) {}

  /**
   * Closes the disk's export first, so that nothing can be written after the look.
   * Throws `copy.incomplete` when the delta's clusters do not equal the journal's; the delta is never sealed then.
   * A volume that was written in place must have been covered as a whole. Throws `volume.lease-lost`.
   */
  async check(contextId: string, target: DiskExport, journal: Journal, call: CallOptions): Promise<void> {
    const { database, exports, deltas, leases } = this.options;
    const volume = await database.getRepository(Volume).findOneByOrFail({ contextId, diskKey: target.disk });
    await leases.assertCurrent(volume.id, target.epoch);
    await exports.closeOne(contextId, volume.id);
    const context = { disk: target.disk };
    if (journal.sizeBytes !== volume.sizeBytes)
      throw new MigrationError('copy.incomplete', 'The journal is of a disk with another size.', { context });
    if (target.delta === undefined) {
      const clusters = clustersIn(volume.sizeBytes);
      if (journal.finished.size !== clusters)
        throw new MigrationError(
          'copy.incomplete',
          `${journal.finished.size} of ${clusters} clusters were written.`,
          { context },
        );
      return;
    }
    const delta = await deltas.byId(target.delta);
    if (!delta || delta.state !== 'receiving')
      throw new MigrationError('copy.incomplete', 'The delta is not there any more.', { context });
    try {
      const { sizeBytes } = delta;
      const runs = await this.options.images.allocatedClusters(deltas.pathOf(delta), {
        format: 'qcow2',
        sizeBytes,
        signal: call.signal,
      });
      const cluster = firstDifference(runs, journal);
      if (cluster !== undefined)
        throw new MigrationError('copy.incomplete', 'The delta does not hold what the journal says.', {
          context: { ...context, cluster },
        });
    } catch (error) {
      if (error instanceof MigrationError && error.code === 'copy.incomplete') await deltas.reject(delta);
      throw error;
    }
  }
}

/** The first cluster that one has and the other has not, or that is data in one and zeroes in the other. */
export function firstDifference(runs: readonly ClusterRun[], journal: Journal): number | undefined {
  let allocated = 0;
  for (const { first, count, zero } of runs) {
    for (let cluster = first; cluster < first + count; cluster += 1) {
      const isZero = journal.finished.get(cluster) === undefined;
      if (!journal.finished.has(cluster) || isZero !== zero) return cluster;
    }
    allocated += count;
  }
  if (allocated === journal.finished.size) return undefined;
  const present = new Set<number>();
  for (const { first, count } of runs) for (let i = 0; i < count; i += 1) present.add(first + i);
  return [...journal.finished.keys()].sort((a, b) => a - b).find((cluster) => !present.has(cluster));
}
