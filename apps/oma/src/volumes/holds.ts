import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import type { ContextLocks } from './context-locks.js';
import { syncFile } from './durable-files.js';
import type { Folds } from './folds.js';
import type { VolumeAttachments } from './volume-attachments.js';
import { VolumeHold } from './volume-hold.entity.js';

export interface HoldsOptions {
  readonly database: DataSource;
  readonly attachments: VolumeAttachments;
  readonly folds: Folds;
  readonly locks: ContextLocks;
}

/** Pauses folding, so that volumes stay at one recovery point while cycles go on into deltas. */
export class Holds {
  constructor(private readonly options: HoldsOptions) {}

  /**
   * Folds what is sealed, makes it durable, and pauses folding until every hold is released.
   * @returns the sequence of the recovery point that the volumes hold. A second hold finds them at the first one's.
   * Throws `request.conflict` when no recovery point stands, and what a fold throws.
   */
  async hold(
    contextId: string,
    runId: string,
    options: CallOptions & { readonly reason: string },
  ): Promise<number> {
    return this.options.locks.exclusive(contextId, options.signal, async () => {
      const holds = await this.repository.findBy({ contextId });
      const mine = holds.find((hold) => hold.runId === runId);
      if (mine?.pointSequence != null) return mine.pointSequence;
      if (holds.length === 0) await this.options.folds.foldSealed(contextId, { ...options, keep: false });
      const pointSequence = await this.pointOf(contextId);
      for (const volume of await this.options.attachments.volumesOf(contextId))
        await syncFile((await this.options.attachments.device(volume, options)).path);
      await this.repository.save(
        this.repository.create({
          id: newId('hold'),
          contextId,
          runId,
          reason: options.reason,
          pointSequence,
          createdAt: new Date(),
        }),
      );
      return pointSequence;
    });
  }

  /** Releases a hold; one that is gone is success. */
  async release(contextId: string, runId: string): Promise<void> {
    await this.repository.delete({ contextId, runId });
  }

  /**
   * The recovery point that the volumes by themselves hold, all of them.
   * Throws `request.conflict` when there is none: a fold has not ended, or nothing was ever sealed.
   */
  async pointOf(contextId: string): Promise<number> {
    const volumes = await this.options.attachments.volumesOf(contextId);
    const [first] = volumes;
    const one =
      first &&
      first.currentPoint !== null &&
      volumes.every(
        ({ currentPoint, foldState }) => currentPoint === first.currentPoint && foldState === 'idle',
      );
    if (!one || first.currentPoint === null)
      throw new MigrationError('request.conflict', 'The volumes hold no common recovery point.', {
        context: { contextId },
      });
    return first.currentPoint;
  }

  private get repository() {
    return this.options.database.getRepository(VolumeHold);
  }
}
