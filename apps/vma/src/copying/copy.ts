import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CopyEvent, CopyState, StartCopy } from '@ossea/agent-protocol';
import {
  DEFAULT_LIMITS,
  type ByteRange,
  type CopyEngine,
  type CopyProgress,
  type CopyRequest,
} from '@ossea/copy-engine';
import { asMigrationError, isMigrationError, MigrationError, toProblem } from '@ossea/errors';
import type { SourceSessions } from '../sources/source-sessions.js';

export interface CopyParts {
  readonly sessions: SourceSessions;
  readonly engine: CopyEngine;
  readonly nbdSocketPath: string;
  readonly journalPath: string;
  readonly turn: (signal: AbortSignal) => Promise<() => void>;
}

type Listener = (event: CopyEvent) => void;

/** One copy, from its order to its end. It begins at once. */
export class Copy {
  private readonly stopper = new AbortController();
  private readonly listeners = new Set<Listener>();
  private readonly done: Promise<void>;
  private progress: CopyProgress | undefined;
  private end: CopyEvent | undefined;

  constructor(
    readonly id: string,
    private readonly order: StartCopy,
    private readonly parts: CopyParts,
  ) {
    this.done = this.run().then(
      (event) => this.finish(event),
      (error: unknown) =>
        this.finish({ problem: { ...toProblem(asMigrationError(error), order.correlationId) } }),
    );
  }

  get ended(): boolean {
    return this.end !== undefined;
  }

  get state(): CopyState {
    const progress = this.progress ? { progress: this.progress } : {};
    if (!this.end) return { state: 'running', ...progress };
    if ('result' in this.end) return { state: 'succeeded', ...progress };
    const aborted = 'problem' in this.end && this.end.problem['code'] === 'call.aborted';
    return { state: aborted ? 'cancelled' : 'failed', ...progress };
  }

  sameOrder(other: StartCopy): boolean {
    // whose job asks is no part of what is copied
    const key = ({ correlationId: _, ...order }: StartCopy) => JSON.stringify(order);
    return key(this.order) === key(other);
  }

  /** Tells what is measured and, once, how it ended; what is known already is told at once. */
  listen(listener: Listener): () => void {
    if (this.progress) listener({ progress: this.progress });
    if (this.end) listener(this.end);
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.done;
  }

  private async run(): Promise<CopyEvent> {
    const { signal } = this.stopper;
    const { sessions, engine, turn, journalPath } = this.parts;
    const release = await turn(signal);
    try {
      const { session } = await sessions.get(this.order.session);
      await mkdir(dirname(journalPath), { recursive: true, mode: 0o700 });
      await using lease = await session.disks.open(this.order.disk, this.order.snapshot, { signal });
      const request: CopyRequest = {
        source: lease.value,
        target: {
          transport: 'nbd-unix',
          path: this.parts.nbdSocketPath,
          exportName: this.order.exportName,
        },
        sizeBytes: this.order.sizeBytes,
        work: await this.work(signal),
        journalPath,
        journalIdentity: this.order.journalIdentity,
        limits: DEFAULT_LIMITS,
      };
      const result = await engine.copy(request, {
        signal,
        onProgress: (progress) => this.measured(progress),
      });
      return { result };
    } catch (error) {
      if (signal.aborted && !(isMigrationError(error) && error.code === 'call.aborted'))
        throw new MigrationError('call.aborted', 'The copy was stopped.', { cause: error });
      throw error;
    } finally {
      release();
    }
  }

  /** All changed ranges, before the first byte is copied: half a list would lose data. */
  private async work(signal: AbortSignal): Promise<CopyRequest['work']> {
    const { work, disk, snapshot } = this.order;
    if (work.kind === 'full') return work;
    const { session } = await this.parts.sessions.get(this.order.session);
    const tracking = session.can.changedBlocks;
    if (!tracking) throw new MigrationError('tracking.reset', 'The source does not track changes any more.');
    const ranges: ByteRange[] = [];
    const range = { since: work.since, until: snapshot };
    for await (const { offset, length } of tracking.changes(disk, range, { signal }))
      ranges.push({ offset, length });
    return { kind: 'changed', ranges };
  }

  private measured(progress: CopyProgress): void {
    this.progress = progress;
    for (const listener of this.listeners) listener({ progress });
  }

  private finish(event: CopyEvent): void {
    this.end = event;
    for (const listener of this.listeners) listener(event);
    this.listeners.clear();
  }
}
