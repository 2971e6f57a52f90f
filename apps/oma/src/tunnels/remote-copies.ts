import { COPY_PING_MS, CopyEvent, CopyState, agentPaths, type StartCopy } from '@ossea/agent-protocol';
import { parseJournal, type CopyProgress, type CopyResult, type Journal } from '@ossea/copy-engine';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { CopyOrder, RemoteCopies, SignalOption } from '../replication/replication-ports.js';
import type { AgentClient } from './agent-client.js';
import { remoteProblem } from './agent-faults.js';
import type { RemoteSources } from './remote-sources.js';

/** Three pings that did not come. */
const SILENCE_MS = 3 * COPY_PING_MS;
/** Starting a copy opens disks at the hypervisor. */
const START_MS = 5 * 60_000;
/** An engine stops within a second. */
const STOP_TRY_MS = 10_000;
/** How long a VMA that cannot be reached is asked to stop: a cancel is answered within half a minute. */
const STOP_MS = 15_000;
const STOP_PAUSE_MS = 1_000;

/** Copies on the VMA that holds a source session. */
export class AgentCopies implements RemoteCopies {
  /**
   * @param vmaId where the copies run.
   * @param session the source session there that opens the disks.
   * @param stopMs how long a VMA that cannot be reached is asked to stop a copy.
   */
  constructor(
    private readonly agents: AgentClient,
    private readonly sources: RemoteSources,
    private readonly vmaId: string,
    private readonly session: string,
    private readonly stopMs = STOP_MS,
  ) {}

  /**
   * Starts the copy or joins the one with this id, and settles when it has ended. A path that breaks is `tunnel.down`
   * while the copy goes on: run it again to join. Aborting stops it; where the VMA cannot be told, the error says so in
   * `context.unreachable`.
   */
  async run(
    order: CopyOrder,
    options: SignalOption & { readonly onProgress: (progress: CopyProgress) => void },
  ): Promise<CopyResult> {
    const { signal, onProgress } = options;
    throwIfAborted(signal);
    try {
      // a VMA that has lost the session says so when the copy opens its disk
      return await this.sources.withSession(this.vmaId, this.session, signal, async () => {
        await this.start(order, signal);
        return this.follow(order, signal, onProgress);
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      // another process, or the next life of this one, joins the copy: stopping it would be writing for a job not ours
      if (isMigrationError(signal.reason) && signal.reason.code === 'job.disowned') throw signal.reason;
      throw await this.stopped(order.copyId);
    }
  }

  async journal(copyId: string, { signal }: SignalOption): Promise<Journal> {
    const bytes = await this.agents.bytes(this.vmaId, {
      method: 'GET',
      path: agentPaths.copyJournal(copyId),
      signal,
    });
    const journal = parseJournal(bytes);
    if (!journal)
      throw new MigrationError('copy.incomplete', 'The journal of the copy cannot be read.', {
        context: { copy: copyId, vmaId: this.vmaId },
      });
    return journal;
  }

  async forgetAll(prefix: string, { signal }: SignalOption): Promise<void> {
    await this.agents.bytes(this.vmaId, {
      method: 'DELETE',
      path: `${agentPaths.copies}?prefix=${encodeURIComponent(prefix)}`,
      signal,
    });
  }

  private async start(order: CopyOrder, signal: AbortSignal): Promise<void> {
    const { copyId, ...rest } = order;
    const body: StartCopy = { session: this.session, ...rest };
    await this.agents.json(
      this.vmaId,
      {
        method: 'PUT',
        path: agentPaths.copy(copyId),
        body,
        signal,
        silenceMs: START_MS,
        correlationId: order.correlationId,
      },
      CopyState,
    );
  }

  private async follow(
    { copyId, correlationId }: CopyOrder,
    signal: AbortSignal,
    onProgress: (progress: CopyProgress) => void,
  ): Promise<CopyResult> {
    const call = {
      method: 'GET' as const,
      path: agentPaths.copyEvents(copyId),
      signal,
      silenceMs: SILENCE_MS,
      correlationId,
    };
    for await (const event of this.agents.lines(this.vmaId, call, CopyEvent)) {
      if ('progress' in event) onProgress(event.progress);
      else if ('result' in event) return event.result;
      else if ('problem' in event) throw remoteProblem(event.problem, this.vmaId);
    }
    throw new MigrationError('tunnel.down', 'The events of the copy were cut off.', {
      context: { copy: copyId, vmaId: this.vmaId },
    });
  }

  /** Stops the copy for certain, or says that its VMA could not be told: then its export must be closed here. */
  private async stopped(copyId: string): Promise<MigrationError> {
    const deadline = performance.now() + this.stopMs;
    for (;;) {
      const error = await this.stopOnce(copyId);
      if (!error) return new MigrationError('call.aborted', 'The copy was stopped.');
      if (error.code !== 'tunnel.down' || performance.now() > deadline)
        return new MigrationError(
          'call.aborted',
          'The copy was given up; its VMA could not be told to stop.',
          {
            context: { copy: copyId, vmaId: this.vmaId, unreachable: true },
            cause: error,
          },
        );
      await new Promise((resolve) => setTimeout(resolve, STOP_PAUSE_MS));
    }
  }

  private async stopOnce(copyId: string): Promise<MigrationError | undefined> {
    try {
      await this.agents.bytes(this.vmaId, {
        method: 'DELETE',
        path: agentPaths.copy(copyId),
        signal: new AbortController().signal,
        silenceMs: STOP_TRY_MS,
      });
      return undefined;
    } catch (error) {
      if (!isMigrationError(error)) throw error;
      return error.code === 'resource.not-found' ? undefined : error;
    }
  }
}
