import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { CopyState, StartCopy } from '@ossea/agent-protocol';
import type { CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { SourceSessions } from '../sources/source-sessions.js';
import { Copy } from './copy.js';
import { CopySlots } from './copy-slots.js';

/** Ended copies that are remembered, so that an OMA which comes back learns how they ended. */
const REMEMBERED = 1_000;
const JOURNAL = '.journal';

export interface CopiesOptions {
  readonly sessions: Pick<SourceSessions, 'get'>;
  readonly engine: CopyEngine;
  readonly journalsDir: string;
  /** Where the tunnel offers the OMA's NBD. */
  readonly nbdSocketPath: string;
  readonly atOnce: number;
  /** How many copies are kept in mind; ended ones only are forgotten. */
  readonly remembered?: number;
}

/** The copies of this VMA, by the ids that the OMA gave them. */
export class Copies {
  private readonly copies = new Map<string, Copy>();
  private readonly logger = new Logger('copying');
  private readonly slots: CopySlots;
  private stopped = false;

  constructor(private readonly options: CopiesOptions) {
    this.slots = new CopySlots(options.atOnce);
  }

  /**
   * Starts a copy, or joins the one with this id. An ended one begins again, on its journal.
   * Throws `request.conflict` when another order runs under this id.
   */
  start(id: string, order: StartCopy): Copy {
    const known = this.copies.get(id);
    if (known && !known.end) {
      if (known.isFor(order)) return known;
      throw new MigrationError('request.conflict', 'Another copy runs under this id.', {
        context: { copy: id },
      });
    }
    if (this.stopped) throw new MigrationError('process.not-ready', 'This VMA is stopping.');
    const copy = new Copy(order, {
      ...this.options,
      journalPath: this.journalPath(id),
      slots: this.slots,
      warn: (message, correlationId) => this.logger.warn({ copy: id, correlationId }, message),
    });
    this.copies.delete(id);
    this.copies.set(id, copy);
    this.logger.log({ copy: id, correlationId: order.correlationId }, 'A copy begins.');
    copy.listen(() => this.tellEnd(id, order, copy));
    this.forgetOld();
    return copy;
  }

  /** How many of them have not ended. */
  get running(): number {
    let count = 0;
    for (const { end } of this.copies.values()) if (!end) count += 1;
    return count;
  }

  /** Throws `resource.not-found`. */
  get(id: string): Copy {
    const copy = this.copies.get(id);
    if (!copy)
      throw new MigrationError('resource.not-found', 'There is no such copy here.', {
        context: { copy: id },
      });
    return copy;
  }

  /** Stops a copy; when this comes back no byte of it is written any more. One that is not there is stopped. */
  async stop(id: string): Promise<CopyState> {
    const copy = this.copies.get(id);
    if (!copy) return { state: 'cancelled' };
    await copy.stop();
    return copy.state;
  }

  journalPath(id: string): string {
    return join(this.options.journalsDir, `${id}${JOURNAL}`);
  }

  /** Forgets every copy whose id begins so, running ones after they have stopped, and deletes their journals. */
  async forgetAll(prefix: string): Promise<void> {
    const meant = [...this.copies].filter(([id]) => id.startsWith(prefix));
    await Promise.all(meant.map(([, copy]) => copy.stop()));
    // one that was begun again meanwhile is another one, and needs its journal
    for (const [id, copy] of meant) if (this.copies.get(id) === copy) this.copies.delete(id);
    for (const name of await readdir(this.options.journalsDir)) {
      if (!name.startsWith(prefix) || !name.endsWith(JOURNAL)) continue;
      if (this.copies.has(name.slice(0, -JOURNAL.length))) continue;
      await rm(join(this.options.journalsDir, name), { force: true });
    }
  }

  /** Stops all of them, and begins none any more. */
  async stopAll(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.copies.values()].map((copy) => copy.stop()));
  }

  private tellEnd(id: string, { correlationId }: StartCopy, { end, state }: Copy): void {
    if (!end) return;
    const about = { copy: id, correlationId, ...state.progress };
    if (!('problem' in end)) this.logger.log(about, 'A copy has ended well.');
    else this.logger.warn({ ...about, code: end.problem['code'] }, `A copy has ended: ${cause(end.problem)}`);
  }

  private forgetOld(): void {
    const { remembered = REMEMBERED } = this.options;
    for (const [id, copy] of this.copies) {
      if (this.copies.size <= remembered) return;
      if (copy.end) this.copies.delete(id);
    }
  }
}

function cause(problem: Readonly<Record<string, unknown>>): string {
  return typeof problem['cause'] === 'string' ? problem['cause'] : '';
}
