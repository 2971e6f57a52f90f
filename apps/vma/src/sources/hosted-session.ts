import { randomUUID } from 'node:crypto';
import { MigrationError, type SecretScrubber } from '@ossea/errors';
import type { BlockEndpoint, Lease, SourceSession } from '@ossea/plugin-sdk';
import { disposeInTime } from './dispose-in-time.js';

/** An open session of a source plugin, with what was borrowed from it. */
export class HostedSession {
  /** Names this life of the session. */
  readonly instance = randomUUID();
  private readonly leases = new Map<string, Lease<BlockEndpoint>>();
  private copies = 0;
  private readonly closer = new AbortController();

  /**
   * @param id as the OMA calls it.
   * @param scrubber keeps the connection's secrets out of what its plugin says.
   * @param warn told what did not end well.
   */
  constructor(
    readonly id: string,
    readonly session: SourceSession,
    readonly scrubber: SecretScrubber,
    private readonly warn: (message: string) => void,
  ) {}

  /** Fires when the session is closed: its calls end with it. */
  get closing(): AbortSignal {
    return this.closer.signal;
  }

  /** Whether a disk is open, or a copy at work. */
  get isReading(): boolean {
    return this.leases.size > 0 || this.copies > 0;
  }

  /** Counts a copy until the answer is called. */
  copying(): () => void {
    this.copies += 1;
    return () => (this.copies -= 1);
  }

  /** Keys of what the session grants. */
  get capabilities(): string[] {
    return Object.entries(this.session.can).flatMap(([name, granted]) => (granted ? [name] : []));
  }

  /** Keeps a lease until it is given back or the session ends. Gives it back at once where that is the case already. */
  async keep(lease: Lease<BlockEndpoint>): Promise<string> {
    if (this.closing.aborted) {
      await this.end('lease', lease);
      throw notOpen(this.id);
    }
    const id = randomUUID();
    this.leases.set(id, lease);
    return id;
  }

  /** Gives a lease back; one that is gone already is success. */
  async giveBack(id: string): Promise<void> {
    await this.leases.get(id)?.[Symbol.asyncDispose]();
    this.leases.delete(id);
  }

  /** Ends calls, leases and session, in this order. Snapshots stay. What cannot be ended is told, never thrown. */
  async close(): Promise<void> {
    this.closer.abort();
    await Promise.all([...this.leases.values()].map((lease) => this.end('lease', lease)));
    this.leases.clear();
    await this.end('session', this.session);
  }

  private async end(what: string, resource: AsyncDisposable): Promise<void> {
    try {
      await disposeInTime(resource);
    } catch (error) {
      this.warn(`A ${what} did not end well: ${this.scrubber.error(error).message}`);
    }
  }
}

/** The OMA opens a session anew when it hears this, because the context names it. */
export function notOpen(id: string): MigrationError {
  return new MigrationError('resource.not-found', 'This session is not open here.', {
    context: { session: id.slice(0, 64) },
  });
}
