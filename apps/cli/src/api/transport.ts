import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Writable } from 'node:stream';

export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** PEM; the appliance's own certificate will do. */
  readonly ca?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Received {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * One request. Node's own client and not `fetch`, which cannot be told to trust the certificate that an appliance
 * made for itself without changing the trust of the whole process.
 */
export async function send(sent: Sent): Promise<Received> {
  return receive(await answered(sent));
}

/**
 * The same for an answer of any length: what is good goes on as it comes, to its end or it throws. A refusal is given
 * back as `send` gives it.
 */
export async function sendAndStream(sent: Sent, to: Writable): Promise<Received | undefined> {
  const incoming = await answered(sent);
  if ((incoming.statusCode ?? 0) >= 400) return receive(incoming);
  for await (const part of incoming as AsyncIterable<Buffer>) if (!to.write(part)) await once(to, 'drain');
  if (!incoming.complete) throw new Error('the answer was cut off');
  return undefined;
}

function answered({ method, url, headers, body, ca, timeoutMs, signal }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { accept: 'application/json', ...headers },
      agent: false as const,
      timeout: timeoutMs,
      signal,
      ...(ca === undefined ? {} : { ca }),
    };
    const outgoing =
      url.protocol === 'https:' ? httpsRequest(url, options, resolve) : httpRequest(url, options, resolve);
    outgoing.once('timeout', () =>
      outgoing.destroy(new Error(`no answer within ${Math.round(timeoutMs / 1000)} s`)),
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

async function receive(incoming: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    parts.push(part);
  }
  return {
    status: incoming.statusCode ?? 0,
    contentType: incoming.headers['content-type'] ?? '',
    text: Buffer.concat(parts).toString('utf8'),
  };
}
