import { AgentListener } from '../agent-listener.js';
import { Backoff } from '../backoff.js';
import { connectToAgent } from './proven-agent.js';
import type { NumberedIdentity } from './key-files.js';

const FIRST_LOOK_MS = 50;
const LOOK_AT_MOST_EVERY_MS = 2_000;

/**
 * The way to one VMA's agent while that VMA is connected: sshd listens at a loopback port, we offer a Unix socket. It is
 * there from the moment that the VMA has proven to be at the other end, and every call is proven anew.
 */
export class AgentDoor {
  private readonly backoff = new Backoff(FIRST_LOOK_MS, LOOK_AT_MOST_EVERY_MS);
  private listener: AgentListener | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private closed = false;
  private told = false;

  constructor(
    private identity: NumberedIdentity,
    private readonly tunnelUid: number,
    before: Promise<unknown>,
    private readonly hooks: { listening(): void; refused(what: string): void },
  ) {
    // an earlier door of the same VMA may still be closing the very socket
    void before.then(() => this.look());
  }

  /** Something has changed at the port: another session may hold it now. */
  lookAgain(identity?: NumberedIdentity): void {
    // who came last may have come with another key
    if (identity) this.identity = identity;
    this.told = false;
    this.backoff.reset();
    this.look();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.looking;
    await this.listener?.close();
  }

  private look(): void {
    clearTimeout(this.timer);
    if (this.closed || this.told || this.looking) return;
    this.looking = this.prove().finally(() => {
      this.looking = undefined;
      if (!this.told && !this.closed) this.timer = setTimeout(() => this.look(), this.backoff.next()).unref();
    });
  }

  private async prove(): Promise<void> {
    try {
      (await connectToAgent(this.identity, this.tunnelUid)).destroy();
      const { id, publicKey, nbdSocketPath, agentSocketPath } = this.identity;
      // sshd has the port: ours is the Unix socket alone
      if (agentSocketPath !== undefined)
        this.listener ??= await AgentListener.listen({ id, publicKey, nbdSocketPath, agentSocketPath }, () =>
          this.call(),
        );
    } catch (error) {
      this.tellRefusal(error);
      return;
    }
    if (this.closed) return;
    this.told = true;
    this.hooks.listening();
  }

  private async call() {
    try {
      return await connectToAgent(this.identity, this.tunnelUid);
    } catch (error) {
      this.tellRefusal(error);
      throw error;
    }
  }

  private tellRefusal(error: unknown): void {
    if (error instanceof Error && 'code' in error && error.code === 'auth.rejected')
      this.hooks.refused('the port of the agent is held by somebody else');
  }
}
