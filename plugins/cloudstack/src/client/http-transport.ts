import { MigrationError, throwIfAborted } from '@ossea/errors';
import { bareHost, connectTrusted, type Trust } from '@ossea/plugin-sdk';
import { Agent } from 'undici';
import type { Clock } from './clock.js';

/** Milliseconds until an answer must have begun, and between its parts. */
const READ_TIMEOUT_MS = 120_000;
/** Some commands that are no jobs work before they answer: `deleteVolume` removes a disk, `createNetwork` makes one. */
const WRITE_TIMEOUT_MS = 15 * 60_000;
const CONNECT_TIMEOUT_MS = 15_000;
/** What a write still gets to be answered after its caller has given up: the job's id comes with the answer. */
const ABORT_GRACE_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024 ** 2;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Why there is no answer, and whether the request may have reached the server. */
export class Unanswered {
  constructor(
    readonly error: MigrationError,
    readonly sent: boolean,
  ) {}
}

/** Sends requests to one address, over connections whose peer was checked before the first byte. */
export class HttpTransport {
  /** Requests that were sent so far, repeated ones too. */
  requestCount = 0;
  private readonly agent: Agent;
  private readonly closing = new AbortController();
  private readonly url: URL;

  /** @param trust whom to believe over https; not used over http. */
  constructor(apiUrl: string, trust: Trust, clock: Clock) {
    this.url = new URL(apiUrl);
    this.agent = new Agent({
      connections: 6,
      // shorter than what any server keeps: a command must not meet a connection that is just being closed
      keepAliveTimeout: 4_000,
      headersTimeout: WRITE_TIMEOUT_MS,
      bodyTimeout: READ_TIMEOUT_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect:
        this.url.protocol === 'http:'
          ? { timeout: CONNECT_TIMEOUT_MS }
          : (_options, done) => {
              const port = this.url.port === '' ? 443 : Number(this.url.port);
              const peer = { host: bareHost(this.url.hostname), port };
              // not the signal of a call: a connection that its caller does not want any more serves the next one
              connectTrusted(peer, trust, { signal: this.closing.signal, now: () => clock.now() }).then(
                ({ socket }) => done(null, socket.setNoDelay(true).setKeepAlive(true, 60_000)),
                (error: MigrationError) => done(Object.assign(tlsError(error), { unsent: true }), null),
              );
            },
    });
  }

  /**
   * A request that changes nothing.
   * @param query parameters, encoded. They hold the key and the signature: the address is never told.
   * Throws `Unanswered`, `peer.untrusted`, `peer.protocol` or `call.aborted`.
   */
  get(query: string, signal: AbortSignal): Promise<HttpAnswer> {
    return this.send(signal, { method: 'GET', query, headersTimeout: READ_TIMEOUT_MS }, signal);
  }

  /**
   * A request that may change something. An abort ends it only some seconds later: ended at once, it would still be
   * carried out, and nobody would know by which job. Throws as `get` does.
   */
  async post(form: string, signal: AbortSignal): Promise<HttpAnswer> {
    const late = new AbortController();
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      grace = setTimeout(() => late.abort(), ABORT_GRACE_MS);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.send(signal, { method: 'POST', form, headersTimeout: WRITE_TIMEOUT_MS }, late.signal);
    } finally {
      signal.removeEventListener('abort', abort);
      clearTimeout(grace);
    }
  }

  /** Ends all connections; requests that are under way fail. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.agent.destroy();
  }

  private async send(
    callers: AbortSignal,
    request:
      | { readonly method: 'GET'; readonly query: string; readonly headersTimeout: number }
      | { readonly method: 'POST'; readonly form: string; readonly headersTimeout: number },
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    throwIfAborted(callers);
    if (this.closing.signal.aborted)
      throw new MigrationError('call.aborted', 'The session at CloudStack was closed.');
    this.requestCount += 1;
    const { method, headersTimeout } = request;
    const common = { origin: this.url.origin, headersTimeout, signal };
    const headers = { accept: 'application/json' };
    try {
      const {
        statusCode,
        headers: given,
        body,
      } = await (method === 'GET'
        ? this.agent.request({ ...common, method, path: `${this.url.pathname}?${request.query}`, headers })
        : this.agent.request({
            ...common,
            method,
            path: this.url.pathname,
            headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
            body: request.form,
          }));
      return { status: statusCode, headers: given, text: await body.text() };
    } catch (fault) {
      throwIfAborted(callers);
      throw failureOf(fault);
    }
  }
}

/** No TLS there: most often a management server that was set up without it. */
function tlsError(error: MigrationError): MigrationError {
  if (error.code !== 'peer.protocol') return error;
  return new MigrationError(
    'peer.protocol',
    `${error.message} Where CloudStack is reached without encryption, http:// must stand before its address.`,
    { context: error.context },
  );
}

function failureOf(fault: unknown): unknown {
  if (fault instanceof MigrationError) {
    const { code } = fault;
    return 'unsent' in fault && code === 'peer.unreachable' ? new Unanswered(fault, false) : fault;
  }
  const code = codeOf(fault);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new MigrationError('peer.protocol', `The answer is larger than ${MAX_ANSWER_BYTES} bytes.`);
  if (code.startsWith('HPE_'))
    return new MigrationError('peer.protocol', `The endpoint does not speak HTTP as expected (${code}).`);
  const late = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  const message = late
    ? 'The endpoint has not answered in time.'
    : isUnsent(fault, code)
      ? `There is no connection to the endpoint: ${code}.`
      : `The connection to the endpoint was lost${code === '' ? '' : ` (${code})`}.`;
  // not as `cause`: what undici throws may hold the request, and that the key and the signature
  return new Unanswered(new MigrationError('peer.unreachable', message), !isUnsent(fault, code));
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault ? String(fault.code) : '';
}

/** Whether there never was a connection. One that was lost may have brought the request to the server. */
function isUnsent(fault: unknown, code: string): boolean {
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  // one error for each address that was tried
  const first: unknown = fault instanceof AggregateError ? fault.errors[0] : fault;
  const call = first instanceof Error && 'syscall' in first ? String(first.syscall) : '';
  return call === 'connect' || call.startsWith('getaddrinfo');
}
