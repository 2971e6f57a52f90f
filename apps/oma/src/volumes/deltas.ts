import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { ImageTool } from '@ossea/qemu';
import { In, Not, type DataSource, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { Delta } from './delta.entity.js';
import { isMissing, syncDirectory, syncFile } from './durable-files.js';
import { NbdExport } from './nbd-export.entity.js';
import { Volume } from './volume.entity.js';

export interface DeltasOptions {
  readonly database: DataSource;
  readonly images: ImageTool;
  readonly spoolDir: string;
  readonly spoolReserveBytes: number;
}

/** The deltas in the spool and their rows. A row's state is stored before what it names begins. */
export class Deltas {
  constructor(private readonly options: DeltasOptions) {}

  pathOf(delta: Delta): string {
    return join(this.options.spoolDir, delta.path);
  }

  byId(id: string): Promise<Delta | null> {
    return this.repository.findOneBy({ id });
  }

  /** Deltas that must be read over the volume, oldest first. */
  unfolded(contextId: string): Promise<Delta[]> {
    return this.repository.find({
      where: { contextId, state: In(['sealed', 'folding']) },
      order: { sequence: 'ASC', volumeId: 'ASC' },
    });
  }

  /**
   * Throws `storage.full` when the spool could not hold a cycle; nothing has been touched then.
   * @param expectedBytes what the cycle is expected to write, beside the reserve.
   */
  async checkSpool(expectedBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.options.spoolDir);
    const freeBytes = bavail * bsize;
    const neededBytes = expectedBytes + this.options.spoolReserveBytes;
    if (freeBytes < neededBytes)
      throw new MigrationError(
        'storage.full',
        `The spool has ${freeBytes} bytes free, this cycle needs ${neededBytes}.`,
        { context: { end: 'target', freeBytes, neededBytes } },
      );
  }

  /** The delta that an earlier try of this very cycle began, if a copy can go on with it. */
  async usable(volume: Volume, sequence: number): Promise<Delta | undefined> {
    const delta = await this.repository.findOneBy({ volumeId: volume.id, sequence, state: 'receiving' });
    const fits = delta && !delta.rejected && delta.sizeBytes === volume.sizeBytes;
    return fits && (await exists(this.pathOf(delta))) ? delta : undefined;
  }

  /**
   * A new delta. Whatever was received for the volume and not sealed is discarded: nobody can seal it any more.
   * Throws `request.conflict` when the sequence is sealed already, `storage.full`.
   */
  async begin(volume: Volume, sequence: number, call: CallOptions): Promise<Delta> {
    for (const delta of await this.repository.findBy({ volumeId: volume.id, state: 'receiving' }))
      await this.discard(delta);
    const newest = await this.repository.findOne({
      where: { volumeId: volume.id },
      order: { sequence: 'DESC' },
    });
    if (newest && newest.sequence >= sequence)
      throw new MigrationError(
        'request.conflict',
        `The recovery point ${newest.sequence} is sealed already.`,
        {
          context: { volumeId: volume.id, sequence },
        },
      );
    const id = newId('del');
    const delta = await this.repository.save(
      this.repository.create({
        id,
        volumeId: volume.id,
        contextId: volume.contextId,
        sequence,
        path: `${id}.qcow2`,
        state: 'receiving',
        sizeBytes: volume.sizeBytes,
        kept: false,
        rejected: false,
        sealedAt: null,
        foldedAt: null,
      }),
    );
    try {
      await this.options.images.createDelta(this.pathOf(delta), delta.sizeBytes, call);
    } catch (error) {
      await this.discard(delta);
      throw error;
    }
    return delta;
  }

  /** Deletes a delta that was not sealed. Throws `request.conflict` for one that was. */
  async discard(delta: Delta): Promise<void> {
    if (delta.state !== 'receiving')
      throw new MigrationError('request.conflict', `The delta is ${delta.state}: it is not discarded.`, {
        context: { deltaId: delta.id },
      });
    await this.removeFile(delta);
    await this.repository.delete({ id: delta.id, state: 'receiving' });
  }

  /** Deletes everything of a context that was received and not sealed. */
  async discardReceiving(contextId: string): Promise<void> {
    for (const delta of await this.repository.findBy({ contextId, state: 'receiving' }))
      await this.discard(delta);
  }

  /** Its clusters did not equal the journal: it will never be sealed. */
  async reject(delta: Delta): Promise<void> {
    await this.change(delta, { rejected: true });
  }

  /**
   * Inside the transaction that seals a recovery point: receiving → sealed, all disks together. Volumes that were
   * written in place hold the point from now on.
   * Throws `request.conflict` while an export is open, `copy.incomplete` when a disk has nothing to seal.
   */
  async seal(manager: EntityManager, contextId: string, sequence: number): Promise<void> {
    if ((await manager.getRepository(NbdExport).countBy({ contextId })) > 0)
      throw new MigrationError(
        'request.conflict',
        'An export is still open; a point is sealed when none is.',
        {
          context: { contextId, sequence },
        },
      );
    const now = new Date();
    const deltas = await manager.getRepository(Delta).findBy({ contextId, sequence });
    for (const volume of await manager.getRepository(Volume).findBy({ contextId })) {
      const delta = deltas.find(({ volumeId }) => volumeId === volume.id);
      const sealed = delta
        ? await manager
            .getRepository(Delta)
            .update(
              { id: delta.id, state: 'receiving', rejected: false },
              { state: 'sealed', sealedAt: now, updatedAt: now },
            )
        : await manager
            .getRepository(Volume)
            .update(
              { id: volume.id, state: 'attached', foldState: 'idle' },
              { currentPoint: sequence, updatedAt: now },
            );
      const older = await manager
        .getRepository(Delta)
        .countBy({ volumeId: volume.id, sequence: Not(sequence) });
      if (sealed.affected !== 1 || (!delta && (volume.currentPoint !== null || older > 0)))
        throw new MigrationError(
          'copy.incomplete',
          `Nothing can be sealed for the disk "${volume.diskKey}".`,
          {
            context: { volumeId: volume.id, sequence },
          },
        );
    }
  }

  async change(delta: Delta, change: Partial<Delta>): Promise<void> {
    await this.repository.update({ id: delta.id }, { ...change, updatedAt: new Date() });
    Object.assign(delta, change);
  }

  /** Deltas that stay beside their fold, oldest first. */
  kept(contextId: string): Promise<Delta[]> {
    return this.repository.find({
      where: { contextId, kept: true },
      order: { sequence: 'ASC', volumeId: 'ASC' },
    });
  }

  /** Deletes the file of a delta whose clusters stand in the volume. */
  async removeFile(delta: Delta): Promise<void> {
    await rm(this.pathOf(delta), { force: true });
    await syncDirectory(this.options.spoolDir);
  }

  /** Makes what was written into a delta durable. */
  async sync(delta: Delta): Promise<void> {
    await syncFile(this.pathOf(delta));
    await syncDirectory(this.options.spoolDir);
  }

  /** Forgets all deltas of a volume that is being removed. */
  async forget(volumeId: string): Promise<void> {
    for (const delta of await this.repository.findBy({ volumeId })) await this.removeFile(delta);
    await this.repository.delete({ volumeId });
  }

  /** Deletes the files of folded deltas that a crash left; says which files nobody knows. */
  async sweep(): Promise<{ readonly removed: readonly string[]; readonly orphans: readonly string[] }> {
    const rows = new Map((await this.repository.find()).map((delta) => [delta.path, delta]));
    const removed: string[] = [];
    const orphans: string[] = [];
    for (const name of await readdir(this.options.spoolDir)) {
      const delta = rows.get(name);
      if (!delta) {
        orphans.push(name);
      } else if (delta.state === 'folded' && !delta.kept) {
        await this.removeFile(delta);
        removed.push(name);
      }
    }
    return { removed, orphans };
  }

  private get repository() {
    return this.options.database.getRepository(Delta);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
