import { Injectable } from '@nestjs/common';
import type { CallOptions, SourceSession } from '@ossea/plugin-sdk';
import { throwIfAborted } from '@ossea/errors';
import { AgentClient } from './agent-client.js';
import { remoteSourceSession } from './remote-source-session.js';
import { SessionHandle, type RemoteSourceRequest } from './session-handle.js';

/** Source sessions that live on VMAs. */
@Injectable()
export class RemoteSources {
  private readonly handles = new Map<string, SessionHandle>();

  constructor(private readonly agents: AgentClient) {}

  /**
   * Opens a session on a VMA, or finds the one of that name there. Throws what the plugin's `connect` throws, and what
   * calls to a VMA throw.
   */
  async open(request: RemoteSourceRequest, { signal }: CallOptions): Promise<SourceSession> {
    throwIfAborted(signal);
    const key = keyOf(request.vmaId, request.session);
    const handle = new SessionHandle(request, this.agents);
    const { capabilities } = await handle.open(signal);
    this.handles.set(key, handle);
    return remoteSourceSession(handle, capabilities, async () => {
      // opened anew under this name in the meantime: then it is not ours to close
      if (this.handles.get(key) !== handle) return;
      this.handles.delete(key);
      await handle.close();
    });
  }

  /**
   * Runs a call that needs a session of the VMA; opens that session again, once, when the VMA has lost it (it was
   * restarted) and this process knows how.
   */
  async withSession<T>(
    vmaId: string,
    session: string,
    signal: AbortSignal,
    call: () => Promise<T>,
  ): Promise<T> {
    const handle = this.handles.get(keyOf(vmaId, session));
    return handle ? handle.reopening(signal, call) : call();
  }
}

const keyOf = (vmaId: string, session: string): string => `${vmaId} ${session}`;
