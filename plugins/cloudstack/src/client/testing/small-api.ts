import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KeyAndCertificate } from '@ossea/plugin-sdk/testing';
import type { Clock } from '../clock.js';
import { CloudstackClient, type CloudstackClientOptions } from '../cloudstack-client.js';

export const API_KEY = 'k3y-0f-the-sp3c~*';
export const SECRET_KEY = 's3cret-0f-the-sp3c/+=';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly command: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What stands in the envelope; or a refusal, or something that happens instead of an answer. */
export type Told =
  | object
  | { readonly fault: number; readonly text: string }
  | {
      readonly raw: string;
      readonly status?: number;
      readonly type?: string;
      readonly headers?: Record<string, string>;
    }
  | 'drop'
  | 'silence';
type Teller = Told | ((asked: Asked) => Told);

/** A server that checks signatures and tells what a spec says; what is told last for a command is repeated. */
export class SmallApi {
  readonly asked: Asked[] = [];
  /** What is sent as `Date`; the present unless set. */
  date: string | undefined;
  private readonly told = new Map<string, Teller[]>();
  private readonly server: Server;
  private readonly scheme: string;

  constructor(tls?: KeyAndCertificate) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response);
    this.server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, serve) : createServer(serve);
    this.server.on('tlsClientError', () => undefined);
    this.scheme = tls ? 'https' : 'http';
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.url;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}/client/api`;
  }

  /** What the next calls of a command are told, one after the other; the last for all that follow. */
  on(command: string, ...tellers: readonly Teller[]): this {
    this.told.set(command.toLowerCase(), [...tellers]);
    return this;
  }

  count(command: string): number {
    return this.asked.filter((one) => one.command === command).length;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://here');
    const body = Buffer.concat(chunks).toString();
    const parameters = Object.fromEntries([...new URLSearchParams(body), ...url.searchParams]);
    const command = parameters['command'] ?? '';
    const asked = { method: request.method ?? '', url: request.url ?? '', command, parameters };
    this.asked.push(asked);
    if (!isSigned(parameters))
      return this.answer(response, command, {
        fault: 401,
        text: 'unable to verify user credentials and/or request signature',
      });
    const tellers = this.told.get(command.toLowerCase()) ?? [];
    const teller = tellers.length > 1 ? tellers.shift() : tellers[0];
    const told = typeof teller === 'function' ? teller(asked) : teller;
    this.answer(
      response,
      command,
      told ?? { fault: 432, text: `The given command does not exist: ${command}` },
    );
  }

  private answer(response: ServerResponse, command: string, told: Told): void {
    if (told === 'drop') return void response.socket?.destroy();
    if (told === 'silence') return;
    if (this.date !== undefined) response.setHeader('date', this.date);
    if ('raw' in told) {
      response.writeHead(told.status ?? 200, {
        'content-type': told.type ?? 'text/html',
        ...told.headers,
      });
      return void response.end(told.raw);
    }
    const fault = 'fault' in told ? told.fault : undefined;
    const content =
      fault === undefined
        ? told
        : { uuidList: [], errorcode: fault, cserrorcode: 4350, errortext: (told as { text: string }).text };
    const envelope = fault === 432 ? 'errorresponse' : `${command.toLowerCase()}response`;
    response.writeHead(fault ?? 200, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(JSON.stringify({ [envelope]: content }));
  }
}

/** By a rule of its own, and not by the client's. */
function isSigned(parameters: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(parameters).filter((name) => name !== 'signature');
  names.sort();
  const java = (text: string) =>
    [...Buffer.from(text, 'utf8')]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        return /[A-Za-z0-9.*_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
      })
      .join('');
  const text = names.map((name) => `${name}=${java(parameters[name] ?? '')}`).join('&');
  const signature = createHmac('sha1', SECRET_KEY).update(text.toLowerCase()).digest('base64');
  return (
    parameters['apikey'] === API_KEY &&
    parameters['signature'] === signature &&
    parameters['signatureversion'] === '3' &&
    Date.parse(parameters['expires'] ?? '') > Date.now() - 60_000
  );
}

/** A clock on which nobody waits; it keeps what was waited. */
export class QuickClock implements Clock {
  readonly waits: number[] = [];
  private ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.waits.push(ms);
    this.ahead += ms;
    // a turn of the loop, so that a spec can abort
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

/** A client of a small API. */
export function clientOf(
  url: string,
  clock: Clock = new QuickClock(),
  more: Partial<CloudstackClientOptions> = {},
): CloudstackClient {
  return new CloudstackClient({ apiUrl: url, apiKey: API_KEY, secretKey: SECRET_KEY, clock, ...more });
}
