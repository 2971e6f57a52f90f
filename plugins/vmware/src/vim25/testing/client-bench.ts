import { X509Certificate } from 'node:crypto';
import type { Clock } from '../clock.js';
import { VimClient, type VimClientOptions } from '../vim-client.js';
import { SmallVcenter } from './small-vcenter.js';

/** With characters that XML has to escape. */
export const PASSWORD = 'c4n4ry-5ecret<&>';

/** A small vCenter, and clients of it that never really wait. */
export class ClientBench {
  readonly vcenter = new SmallVcenter();
  readonly logged: unknown[] = [];
  /** Milliseconds that clients would have waited before they tried again. */
  readonly slept: number[] = [];
  private readonly clients: VimClient[] = [];
  private readonly clock: Clock = {
    now: Date.now,
    sleep: (ms) => {
      this.slept.push(ms);
      return Promise.resolve();
    },
  };

  constructor() {
    this.vcenter.password = PASSWORD;
  }

  async connect(more: Partial<VimClientOptions> = {}): Promise<VimClient> {
    const record = (message: string, context?: object) => void this.logged.push([message, context]);
    const sha256 = new X509Certificate(this.vcenter.certificate.cert).fingerprint256;
    const client = await VimClient.connect(
      {
        host: '127.0.0.1',
        port: more.port ?? (await this.vcenter.server.listen()),
        username: 'u',
        password: PASSWORD,
        trust: { by: 'pin', sha256 },
        log: { debug: record, info: record, warn: record, error: record },
        clock: this.clock,
        ...more,
      },
      { signal: new AbortController().signal },
    );
    this.clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client[Symbol.asyncDispose]();
    await this.vcenter.server.close();
  }
}
