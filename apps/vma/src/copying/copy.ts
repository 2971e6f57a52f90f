import { SOURCE_CALLS, type CopyEvent, type CopyState, type StartCopy } from '@ossea/agent-protocol';
import {
  DEFAULT_LIMITS,
  type ByteRange,
  type CopyEngine,
  type CopyProgress,
  type CopyRequest,
  type CopyResult,
} from '@ossea/copy-engine';
import { MigrationError, isMigrationError, throwIfAborted, toProblem } from '@ossea/errors';
import type { SourceSession } from '@ossea/plugin-sdk';
import { checkedAnswer } from '../sources/checked-answer.js';
import { disposeInTime } from '../sources/dispose-in-time.js';
import { orAborted } from '../sources/or-aborted.js';
import type { HostedSession } from '../sources/hosted-session.js';
import type { SourceSessions } from '../sources/source-sessions.js';
import type { Watched } from './copy-events.js';
import type { CopySlots } from './copy-slots.js';

export interface CopyParts {
  readonly sessions: Pick<SourceSessions, 'get'>;
  readonly engine: CopyEngine;
  /** Where the tunnel offers the OMA's NBD. */
  readonly nbdSocketPath: string;
  readonly journalPath: string;
  readonly slots: CopySlots;
  /** Told what did not end well beside the copy. */
  readonly warn: (message: string, correlationId: string) => void;
}

/** One copy, from its order to its end. It begins at once, or as soon as there is a place for it. */
export class Copy implements Watched {
  private readonly stopper = new AbortController();
  private readonly listeners = new Set<() => void>();
  private readonly done: Promise<void>;
  private measured: CopyProgress | undefined;
  private ending: CopyEvent | undefined;

  constructor(
    private readonly order: StartCopy,
    private readonly parts: CopyParts,
  ) {
    this.done = this.run().then(
      (event) => this.finish(event),
      (error: unknown) => this.finish({ problem: { ...toProblem(error, order.correlationId) } }),
    );
  }

  get progress(): CopyProgress | undefined {
    return this.measured;
  }

  get end(): CopyEvent | undefined {
    return this.ending;
  }

  get state(): CopyState {
    const progress = this.measured ? { progress: this.measured } : {};
    if (!this.ending) return { state: 'running', ...progress };
    if ('result' in this.ending) return { state: 'succeeded', ...progress };
    const aborted = 'problem' in this.ending && this.ending.problem['code'] === 'call.aborted';
    return { state: aborted ? 'cancelled' : 'failed', ...progress };
  }

  /** Whether this is what another order asks for; whose job asks is no part of that. */
  isFor(other: StartCopy): boolean {
    const key = ({ correlationId: _, ...order }: StartCopy) => JSON.stringify(order);
    return key(this.order) === key(other);
  }

  listen(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  /** Stops it; resolves when nothing of it runs any more, so that no byte is written after that. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.done;
  }

  private async run(): Promise<CopyEvent> {
    const { signal } = this.stopper;
    const release = await this.parts.slots.take(signal);
    try {
      return { result: await this.copy(signal) };
    } catch (error) {
      // whatever broke while it was being stopped, broke because it was being stopped
      if (signal.aborted && !(isMigrationError(error) && error.code === 'call.aborted'))
        throw new MigrationError('call.aborted', 'The copy was stopped.', { cause: error });
      throw error;
    } finally {
      release();
    }
  }

  private async copy(signal: AbortSignal): Promise<CopyResult> {
    const { order, parts } = this;
    const hosted = await orAborted(signal, parts.sessions.get(order.session));
    const ended = hosted.copying();
    try {
      return await this.copyFrom(hosted, signal);
    } finally {
      ended();
    }
  }

  private async copyFrom({ session, scrubber }: HostedSession, signal: AbortSignal): Promise<CopyResult> {
    const { order, parts } = this;
    const told = (error: unknown): never => {
      throw scrubber.error(error);
    };
    const lease = await orAborted(
      signal,
      session.disks.open(order.disk, order.snapshot, { signal }),
      (late) => void this.giveBack(late),
    ).catch(told);
    try {
      const { endpoint: source } = checkedAnswer('disks.open', { lease: 'copy', endpoint: lease.value });
      const work = await orAborted(signal, this.work(session, signal)).catch(told);
      throwIfAborted(signal);
      const target = {
        transport: 'nbd-unix' as const,
        path: parts.nbdSocketPath,
        exportName: order.exportName,
      };
      const { sizeBytes, journalIdentity } = order;
      const { journalPath } = parts;
      return await parts.engine.copy(
        { source, target, sizeBytes, work, journalPath, journalIdentity, limits: DEFAULT_LIMITS },
        { signal, onProgress: (progress) => this.measure(progress) },
      );
    } finally {
      await this.giveBack(lease);
    }
  }

  /** All changed ranges, before the first byte is copied: half a list would lose data. */
  private async work(session: SourceSession, signal: AbortSignal): Promise<CopyRequest['work']> {
    const { work, disk, snapshot } = this.order;
    if (work.kind === 'full') return work;
    const tracking = session.can.changedBlocks;
    if (!tracking) throw new MigrationError('tracking.reset', 'The source does not track changes any more.');
    const ranges: ByteRange[] = [];
    const { result } = SOURCE_CALLS['changedBlocks.changes'];
    const range = { since: work.since, until: snapshot };
    for await (const extent of tracking.changes(disk, range, { signal })) {
      throwIfAborted(signal);
      const parsed = result.safeParse(extent);
      ranges.push(parsed.success ? parsed.data : checkedAnswer('changedBlocks.changes', extent));
    }
    return { kind: 'changed', ranges };
  }

  /** What was copied is copied, however the source takes it that its disk is given back. */
  private async giveBack(lease: AsyncDisposable): Promise<void> {
    try {
      await disposeInTime(lease);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.parts.warn(`A disk of the source could not be given back: ${why}`, this.order.correlationId);
    }
  }

  private measure(progress: CopyProgress): void {
    this.measured = progress;
    this.tell();
  }

  private finish(event: CopyEvent): void {
    this.ending = event;
    this.tell();
    this.listeners.clear();
  }

  private tell(): void {
    for (const changed of this.listeners) changed();
  }
}
