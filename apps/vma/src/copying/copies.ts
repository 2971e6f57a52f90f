import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { CopyState, StartCopy } from '@ossea/agent-protocol';
import type { CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { SourceSessions } from '../sources/source-sessions.js';
import { Copy } from './copy.js';

/** Ended copies that are remembered, so that an OMA which comes back learns how they ended. */
const REMEMBERED = 1_000;

export interface CopiesOptions {
  readonly sessions: SourceSessions;
  readonly engine: CopyEngine;
  readonly journalsDir: string;
  /** Where the tunnel offers the OMA's NBD. */
  readonly nbdSocketPath: string;
  readonly atOnce: number;
}

/** The copies of this VMA, by the ids that the OMA gave them. */
@Injectable()
export class Copies implements BeforeApplicationShutdown {
  private readonly copies = new Map<string, Copy>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private closed = false;

  constructor(private readonly options: CopiesOptions) {}

  /**
   * Starts a copy, or joins the one with this id. An ended one begins again, on its journal.
   * Throws `request.conflict` when another order runs under this id.
   */
  start(id: string, order: StartCopy): Copy {
    if (this.closed) throw new MigrationError('resource.busy', 'This VMA shuts down.');
    const known = this.copies.get(id);
    if (known && !known.ended) {
      if (known.sameOrder(order)) return known;
      throw new MigrationError('request.conflict', 'Another copy runs under this id.', {
        context: { copy: id },
      });
    }
    const copy = new Copy(id, order, {
      ...this.options,
      journalPath: this.journalPath(id),
      turn: (signal) => this.turn(signal),
    });
    this.copies.delete(id);
    this.copies.set(id, copy);
    this.forgetOld();
    return copy;
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
    return join(this.options.journalsDir, `${id}.journal`);
  }

  /** Forgets every copy whose id begins so, running ones after they have stopped, and deletes their journals. */
  async forgetAll(prefix: string): Promise<void> {
    for (const [id, copy] of this.copies)
      if (id.startsWith(prefix)) {
        await copy.stop();
        this.copies.delete(id);
      }
    await mkdir(this.options.journalsDir, { recursive: true });
    for (const name of await readdir(this.options.journalsDir))
      if (name.startsWith(prefix) && name.endsWith('.journal'))
        await rm(join(this.options.journalsDir, name), { force: true });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.copies.values()].map((copy) => copy.stop()));
  }

  /** Waits for a place among the copies that run at once; the answer gives it back. */
  private async turn(signal: AbortSignal): Promise<() => void> {
    while (this.running >= this.options.atOnce) {
      if (signal.aborted) throw new MigrationError('call.aborted', 'The copy was stopped before it began.');
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.running += 1;
    return () => {
      this.running -= 1;
      for (const next of this.waiting.splice(0)) next();
    };
  }

  private forgetOld(): void {
    for (const [id, copy] of this.copies) {
      if (this.copies.size <= REMEMBERED) return;
      if (copy.ended) this.copies.delete(id);
    }
  }
}
