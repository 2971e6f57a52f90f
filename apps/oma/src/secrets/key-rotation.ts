import { Injectable } from '@nestjs/common';
import type { JobHandle } from '../jobs/job-handle.js';
import { KeyFiles } from './key-files.js';
import { Rewrapping, type Rewrapped } from './rewrapping.js';
import { SecretBox } from './secret-box.js';

/** How long the end of a rotation waits for operations that began before it. */
const HELD_MS = 180_000;

/** What a rotation needs of the job that runs it. */
export type RotationJob = Pick<JobHandle, 'signal' | 'step'>;

export interface Rotated extends Rewrapped {
  readonly currentKey: string;
  /** Old keys that are still there: something needs them yet, or only the operator can take them away. */
  readonly keysLeft: readonly string[];
}

/**
 * Changes the key that seals secrets. Every step may be cut off and run again: whatever was sealed opens before,
 * meanwhile and after, because a key goes only when no row needs it.
 */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly keys: KeyFiles,
    private readonly box: SecretBox,
    private readonly rewrapping: Rewrapping,
  ) {}

  /** @param fromKey the id of the key that is to be replaced: one that is replaced already is not replaced again. */
  async rotate(fromKey: string, job: RotationJob): Promise<Rotated> {
    if (this.box.ring.current.id === fromKey) {
      await job.step({ name: 'make-key', label: 'Making a new key' }, () => this.keys.makeNext());
      await job.step({ name: 'use-key', label: 'Taking the new key into use' }, () =>
        this.keys.takeNextIntoUse(),
      );
    }
    return this.rewrap(job);
  }

  /** Takes every secret to the present key, and destroys the old ones that are ours. */
  async rewrap(job: RotationJob): Promise<Rotated> {
    const { signal } = job;
    const first = await job.step(
      { name: 'rewrap', label: 'Sealing every secret under the present key' },
      () => this.rewrapping.run(signal),
    );
    const old = this.box.ring.olderIds;
    if (old.length === 0) return this.outcome(first);
    const second = await job.step({ name: 'destroy-keys', label: 'Destroying the old keys' }, async () => {
      const late = await this.settle(signal);
      const free = late.settled ? old.filter((id) => !this.box.use.isHeld(id)) : [];
      if (this.keys.source.kind === 'file') await this.destroy(free);
      return late;
    });
    return this.outcome({
      rewrapped: first.rewrapped + second.rewrapped,
      unreadable: second.unreadable,
    });
  }

  /**
   * Takes to the present key what operations that began before have stored meanwhile, until a look at every row finds
   * nothing: whoever runs then has seen no secret under an old key.
   */
  private async settle(signal: AbortSignal): Promise<Rewrapped & { readonly settled: boolean }> {
    const untilMs = performance.now() + HELD_MS;
    for (let rewrapped = 0; ;) {
      const settled = await this.box.use.passed(untilMs - performance.now(), signal);
      const late = await this.rewrapping.run(signal);
      rewrapped += late.rewrapped;
      if (!settled || late.rewrapped === 0) return { rewrapped, unreadable: late.unreadable, settled };
    }
  }

  private async destroy(ids: readonly string[]): Promise<void> {
    await this.keys.tidy();
    const uses = await this.rewrapping.uses();
    for (const id of ids) if (!uses.has(id)) await this.keys.destroy(id);
  }

  private outcome({ rewrapped, unreadable }: Rewrapped): Rotated {
    const { current, olderIds } = this.box.ring;
    return { rewrapped, unreadable, currentKey: current.id, keysLeft: olderIds };
  }
}
