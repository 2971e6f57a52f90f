import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { ImageTool } from '@ossea/qemu';
import { In, type DataSource } from 'typeorm';
import type { ContextLocks } from './context-locks.js';
import { Delta } from './delta.entity.js';
import type { Deltas } from './deltas.js';
import type { DigestMaps } from './digest-maps.js';
import { syncFile } from './durable-files.js';
import { NbdExport } from './nbd-export.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import { VolumeHold } from './volume-hold.entity.js';
import { VolumeSnapshot } from './volume-snapshot.entity.js';
import { Volume } from './volume.entity.js';

export interface FoldsOptions {
  readonly database: DataSource;
  readonly attachments: VolumeAttachments;
  readonly deltas: Deltas;
  readonly digests: DigestMaps;
  readonly images: ImageTool;
  readonly locks: ContextLocks;
}

/** Writes sealed deltas into their volumes, oldest first. Can be killed at any byte and run again. */
export class Folds {
  constructor(private readonly options: FoldsOptions) {}

  /**
   * Folds everything that is sealed. The signal counts until a fold begins: one that has begun is finished.
   * Throws `volume.in-use` under a hold, while somebody reads the volumes or while one is attached elsewhere;
   * `storage.full` when the volume's storage is: then nothing is lost, and the same fold is run again.
   * @param options.keep leaves the files of the deltas where they are, for the way back from a failover.
   */
  async fold(contextId: string, options: CallOptions & { readonly keep: boolean }): Promise<void> {
    await this.options.locks.exclusive(contextId, options.signal, async () => {
      const hold = await this.options.database.getRepository(VolumeHold).findOneBy({ contextId });
      if (hold)
        throw new MigrationError('volume.in-use', `Folding is paused: ${hold.reason}.`, {
          context: { contextId, runId: hold.runId },
        });
      await this.foldSealed(contextId, options);
    });
  }

  /** Folds everything that is sealed, whatever holds there are. Call it under the exclusive lock. */
  async foldSealed(contextId: string, options: CallOptions & { readonly keep: boolean }): Promise<void> {
    const { deltas } = this.options;
    for (const delta of await deltas.unfolded(contextId)) {
      throwIfAborted(options.signal);
      await this.foldOne(delta, options.keep || delta.kept, options);
      if (!delta.kept) await deltas.removeFile(delta);
    }
    await this.compactDigests(contextId);
  }

  /**
   * Folds the kept deltas that are newer than what their volumes hold: after a revert, the way from N to N+1.
   * Throws as `fold` does.
   */
  async foldKept(contextId: string, options: CallOptions): Promise<void> {
    await this.options.locks.exclusive(contextId, options.signal, async () => {
      for (const delta of await this.options.deltas.kept(contextId)) {
        throwIfAborted(options.signal);
        const { currentPoint } = await this.volume(delta.volumeId);
        if (delta.state !== 'folding' && currentPoint !== null && currentPoint >= delta.sequence) continue;
        await this.foldOne(delta, true, options);
      }
    });
  }

  /** Lets go of the kept deltas; one that is not folded yet will be, like any other. */
  async discardKept(contextId: string): Promise<void> {
    const { deltas } = this.options;
    for (const delta of await deltas.kept(contextId)) {
      await deltas.change(delta, { kept: false });
      if (delta.state === 'folded') await deltas.removeFile(delta);
    }
  }

  /** Finishes folds that a crash left. Says which contexts must wait because their volumes cannot be reached. */
  async recover(options: CallOptions): Promise<readonly { contextId: string; error: unknown }[]> {
    const begun = await this.options.database.getRepository(Delta).findBy({ state: 'folding' });
    const waiting: { contextId: string; error: unknown }[] = [];
    for (const contextId of new Set(begun.map((delta) => delta.contextId))) {
      try {
        await this.options.locks.exclusive(contextId, options.signal, async () => {
          for (const delta of await this.options.deltas.unfolded(contextId)) {
            if (delta.state !== 'folding') continue;
            await this.foldOne(delta, delta.kept, options);
            if (!delta.kept) await this.options.deltas.removeFile(delta);
          }
        });
      } catch (error) {
        waiting.push({ contextId, error });
      }
    }
    return waiting;
  }

  private async foldOne(delta: Delta, keep: boolean, options: CallOptions): Promise<void> {
    const { database, deltas, attachments, images } = this.options;
    const volume = await this.volume(delta.volumeId);
    const device = await attachments.device(volume, options);
    await this.mustNotBeExported(volume);
    throwIfAborted(options.signal);
    // Stored before the first byte: from here on the volume by itself is neither of the two points.
    await database.transaction(async (manager) => {
      const now = new Date();
      await manager
        .getRepository(Delta)
        .update({ id: delta.id }, { state: 'folding', kept: keep, updatedAt: now });
      await manager.getRepository(Volume).update({ id: volume.id }, { foldState: 'folding', updatedAt: now });
    });
    delta.kept = keep;
    const { signal } = new AbortController();
    await images.foldDelta(
      { volumePath: device.path, volumeFormat: device.format, deltaPath: deltas.pathOf(delta) },
      { signal },
    );
    await syncFile(device.path);
    await database.transaction(async (manager) => {
      const now = new Date();
      await manager
        .getRepository(Delta)
        .update({ id: delta.id }, { state: 'folded', foldedAt: now, updatedAt: now });
      await manager
        .getRepository(Volume)
        .update({ id: volume.id }, { foldState: 'idle', currentPoint: delta.sequence, updatedAt: now });
    });
    delta.state = 'folded';
  }

  /** An export that lived through a fold would go on into the raw volume. */
  private async mustNotBeExported(volume: Volume): Promise<void> {
    const row = await this.options.database
      .getRepository(NbdExport)
      .findOneBy({ volumeId: volume.id, what: 'volume' });
    if (row)
      throw new MigrationError('volume.in-use', 'The volume is exported.', {
        context: { volumeId: volume.id, exportName: row.name },
      });
  }

  /** Digests of points that nobody can go back behind are merged. */
  private async compactDigests(contextId: string): Promise<void> {
    const { attachments, database, digests } = this.options;
    for (const volume of await attachments.volumesOf(contextId)) {
      const snapshots = await database.getRepository(VolumeSnapshot).findBy({ volumeId: volume.id });
      const kept = await database
        .getRepository(Delta)
        .findBy({ volumeId: volume.id, kept: true, state: In(['folded', 'folding']) });
      const oldest = Math.min(
        volume.currentPoint ?? 0,
        ...snapshots.map(({ pointSequence }) => pointSequence),
        ...kept.map(({ sequence }) => sequence - 1),
      );
      await digests.compact(volume.id, oldest, volume.sizeBytes);
    }
  }

  private volume(id: string): Promise<Volume> {
    return this.options.database.getRepository(Volume).findOneByOrFail({ id });
  }
}
