import {
  SOURCE_CALLS,
  SessionOpened,
  StreamLine,
  agentPaths,
  type SourceCallName,
  type SourceCallParams,
  type SourceCallResult,
} from '@ossea/agent-protocol';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { AgentClient } from './agent-client.js';
import { remoteProblem } from './agent-faults.js';

export interface RemoteSourceRequest {
  readonly vmaId: string;
  /** Names the session on the VMA; the connection's id. */
  readonly session: string;
  readonly pluginId: string;
  /** Plain values, secrets included: they travel inside the tunnel and are kept in memory only. */
  readonly settings: Record<string, unknown>;
}

/** Hypervisors think for minutes; that the VMA itself is there is watched by the tunnel. */
const CALL_MS = 10 * 60_000;
const SNAPSHOT_MS = 30 * 60_000;
const MARGIN_MS = 60_000;

/** One session on a VMA, call by call. It outlives restarts of the VMA, because it knows how it was opened. */
export class SessionHandle {
  constructor(
    private readonly request: RemoteSourceRequest,
    private readonly agents: AgentClient,
  ) {}

  /** Opens the session, or finds it open. */
  open(signal: AbortSignal): Promise<SessionOpened> {
    const { vmaId, session, pluginId, settings } = this.request;
    return this.agents.json(
      vmaId,
      {
        method: 'PUT',
        path: agentPaths.session(session),
        body: { pluginId, settings },
        signal,
        silenceMs: CALL_MS,
      },
      SessionOpened,
    );
  }

  /** Closes the session. One that cannot be reached needs no closing: the VMA finds it again by its name, or has lost it. */
  async close(): Promise<void> {
    await this.forgiving(agentPaths.session(this.request.session));
  }

  /** Gives a lease back, as forgivingly as `close`: the VMA ends it with its session. */
  async giveBack(lease: string): Promise<void> {
    await this.forgiving(agentPaths.lease(this.request.session, lease));
  }

  /** Runs a call; when the VMA has lost the session, opens it again, once, and runs the call again. */
  async reopening<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    try {
      return await call();
    } catch (error) {
      if (!isLostSession(error)) throw error;
      await this.open(signal);
      return call();
    }
  }

  call<N extends SourceCallName>(
    name: N,
    params: SourceCallParams<N>,
    signal: AbortSignal,
  ): Promise<SourceCallResult<N>> {
    const { vmaId } = this.request;
    return this.reopening(
      signal,
      async () =>
        (await this.agents.json(
          vmaId,
          this.post(name, params, signal),
          SOURCE_CALLS[name].result,
        )) as SourceCallResult<N>,
    );
  }

  /** The items of a streamed answer: all of them, or it throws. A stream that was cut is never a short list. */
  async *stream<N extends SourceCallName>(
    name: N,
    params: SourceCallParams<N>,
    signal: AbortSignal,
  ): AsyncGenerator<SourceCallResult<N>, void, undefined> {
    const begin = () => this.items(name, params, signal);
    throwIfAborted(signal);
    let items = begin();
    let first: IteratorResult<SourceCallResult<N>, void>;
    try {
      first = await items.next();
    } catch (error) {
      if (!isLostSession(error)) throw error;
      await this.open(signal);
      items = begin();
      first = await items.next();
    }
    if (first.done) return;
    yield first.value;
    yield* items;
  }

  private async *items<N extends SourceCallName>(
    name: N,
    params: SourceCallParams<N>,
    signal: AbortSignal,
  ): AsyncGenerator<SourceCallResult<N>, void, undefined> {
    const { vmaId } = this.request;
    for await (const line of this.agents.lines(vmaId, this.post(name, params, signal), StreamLine)) {
      if ('end' in line) return;
      if ('problem' in line) throw remoteProblem(line.problem, vmaId);
      const item = SOURCE_CALLS[name].result.safeParse(line.item);
      if (!item.success)
        throw new MigrationError('peer.protocol', `The VMA answered something unexpected to ${name}.`, {
          context: { vmaId },
        });
      yield item.data as SourceCallResult<N>;
    }
    throw new MigrationError('tunnel.down', `The answer of the VMA to ${name} was cut off.`, {
      context: { vmaId },
    });
  }

  private post<N extends SourceCallName>(name: N, params: SourceCallParams<N>, signal: AbortSignal) {
    return {
      method: 'POST' as const,
      path: agentPaths.call(this.request.session, name),
      body: params,
      signal,
      silenceMs: patience(name, params),
    };
  }

  private async forgiving(path: string): Promise<void> {
    const signal = new AbortController().signal;
    try {
      await this.agents.bytes(this.request.vmaId, { method: 'DELETE', path, signal, silenceMs: CALL_MS });
    } catch (error) {
      const forgiven = ['tunnel.down', 'resource.not-found', 'request.not-found'];
      if (!isMigrationError(error) || !forgiven.includes(error.code)) throw error;
    }
  }
}

function patience(name: SourceCallName, params: object): number {
  if (name.startsWith('snapshots.')) return SNAPSHOT_MS;
  return (
    CALL_MS +
    ('timeoutMs' in params && typeof params.timeoutMs === 'number' ? params.timeoutMs + MARGIN_MS : 0)
  );
}

/** A VMA says so by naming the session that it does not know. */
function isLostSession(error: unknown): boolean {
  return (
    isMigrationError(error) && error.code === 'resource.not-found' && error.context['session'] !== undefined
  );
}
