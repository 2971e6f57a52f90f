import { ERRORS, MigrationError, asMigrationError } from '@ossea/errors';
import { NbdClient } from './nbd-client.js';
import { CLUSTER_BYTES, type NbdAddress } from './port.js';
import type { StopWatch } from './stop-watch.js';

const BACKOFF_MS = 100;

export interface EndOptions {
  readonly address: NbdAddress;
  readonly end: 'source' | 'target';
  readonly attempts: number;
  /** Throws when the export is not what the copy needs; asked on every (re)connection. */
  readonly check: (client: NbdClient) => void;
}

/** One end of a copy: a connection that is made again when it is lost, and requests that are tried again. */
export class CopyEnd {
  private client: NbdClient | undefined;
  /** Requests and connections that took more than one try. */
  retried = 0;

  constructor(
    private readonly options: EndOptions,
    private readonly watch: StopWatch,
  ) {}

  /** The first connection: one try. Throws what `NbdClient.connect` and the check throw. */
  async open(): Promise<NbdClient> {
    this.watch.check();
    if (this.client) return this.client;
    try {
      const client = await NbdClient.connect(this.options.address, {
        signal: this.watch.signal,
        end: this.options.end,
        contexts: this.options.end === 'source' ? ['base:allocation'] : [],
      });
      this.watch.track(client);
      this.watch.progressed();
      this.options.check(client);
      if (client.blockSizes.maximum < CLUSTER_BYTES) {
        throw new MigrationError('peer.protocol', 'The NBD server cannot move a whole cluster at once.', {
          context: { end: this.options.end },
        });
      }
      this.client = client;
      return client;
    } catch (error) {
      throw this.watch.explain(error);
    }
  }

  /** Connects anew after a loss, `attempts` times. */
  async reopen(): Promise<NbdClient> {
    this.client = undefined;
    return this.trying(() => this.open(), retryable);
  }

  /** A request that may be repeated alone, on a new connection if need be. */
  async repeatable<T>(request: (client: NbdClient) => Promise<T>): Promise<T> {
    return this.trying(async () => {
      try {
        return await this.once(request);
      } catch (error) {
        if (lost(error)) this.client = undefined;
        throw error;
      }
    }, retryable);
  }

  /** A request that is repeated on this connection only: a new one may have forgotten what came before. */
  async onThisConnection<T>(request: (client: NbdClient) => Promise<T>): Promise<T> {
    return this.trying(
      () => this.once(request),
      (error) => retryable(error) && !lost(error),
    );
  }

  /** One try of one request. */
  async once<T>(request: (client: NbdClient) => Promise<T>): Promise<T> {
    const client = await this.open();
    try {
      const answer = await request(client);
      this.watch.progressed();
      return answer;
    } catch (error) {
      throw this.watch.explain(error);
    }
  }

  private async trying<T>(action: () => Promise<T>, again: (error: MigrationError) => boolean): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      this.watch.check();
      try {
        return await action();
      } catch (thrown) {
        const error = asMigrationError(thrown);
        if (attempt >= this.options.attempts || !again(error)) throw error;
        this.retried += 1;
        await this.watch.pause(BACKOFF_MS * 2 ** (attempt - 1));
      }
    }
  }
}

/** Whether trying again may help; a stop of ours is no such error. */
export function retryable(error: MigrationError): boolean {
  return ERRORS[error.code].recovery === 'retry' && error.code !== 'copy.stalled';
}

/** Whether the connection, and with it everything not yet flushed, is gone. */
export function lost(error: unknown): boolean {
  const { code } = asMigrationError(error);
  return code === 'nbd.connection-lost' || code === 'nbd.export-missing';
}
