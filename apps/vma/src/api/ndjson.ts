import { once } from 'node:events';
import { NDJSON } from '@ossea/agent-protocol';
import type { Response } from 'express';

/** Writes an answer of one JSON document a line, no faster than the other end reads. */
export class NdjsonWriter {
  private readonly gone = new AbortController();

  constructor(private readonly response: Response) {
    response.status(200).type(NDJSON);
    response.setHeader('Cache-Control', 'no-store');
    response.flushHeaders();
    response.once('close', () => this.gone.abort());
  }

  /** Fires when the other end has gone. */
  get signal(): AbortSignal {
    return this.gone.signal;
  }

  async line(document: object): Promise<void> {
    if (this.signal.aborted) return;
    if (this.response.write(`${JSON.stringify(document)}\n`)) return;
    await once(this.response, 'drain', { signal: this.signal }).catch(() => undefined);
  }

  end(): void {
    if (!this.signal.aborted) this.response.end();
  }
}
