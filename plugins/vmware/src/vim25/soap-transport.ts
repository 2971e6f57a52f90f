import { MigrationError, throwIfAborted } from '@ossea/errors';
import {
  bareHost,
  connectTrusted,
  type CallOptions,
  type Logger,
  type Peer,
  type PeerCertificate,
  type Trust,
} from '@ossea/plugin-sdk';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from './clock.js';
import { encodeCall } from './encode.js';
import type { ManagedObjectReference } from './references.js';
import { decodeAnswer } from './soap-answer.js';
import { readXml, type XmlElement } from './xml-reader.js';

type Headers = Dispatcher.ResponseData['headers'];

/** Calls that may be sent again when nobody knows whether the server has worked on them. */
const READS = new Set([
  'RetrieveServiceContent',
  'CurrentTime',
  'SessionIsActive',
  'RetrievePropertiesEx',
  'WaitForUpdatesEx',
  'QueryChangedDiskAreas',
  'FindByUuid',
  'FindByInventoryPath',
  'HasPrivilegeOnEntity',
  'HasPrivilegeOnEntities',
  'FetchUserPrivilegeOnEntities',
]);
/** Milliseconds until an answer must have begun, and between its parts; some calls compute for minutes. */
const ANSWER_TIMEOUT_MS = 15 * 60_000;
const QUICK_TIMEOUT_MS = 120_000;
const QUICK = new Set(['RetrieveServiceContent', 'Login', 'Logout', 'CurrentTime', 'SessionIsActive']);
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;
const TRIES = 3;
const FIRST_DELAY_MS = 500;
/** A vCenter that answers 503 is starting a service: that takes longer than a lost connection does. */
const BUSY_DELAY_MS = 2_000;
/** What of a web page says that it is one. */
const WEB_PAGE = /^\s*<(?:!doctype\s+html|html)\b/i;

export interface SoapCall extends CallOptions {
  /** The version of the API to answer in, `8.0.1.0`. */
  readonly version: string;
  /** The session's cookie, `name=value`. */
  readonly cookie?: string;
}

export interface SoapAnswer {
  readonly result: unknown;
  /** The session's cookie as the server has set it with this answer, `name=value` and not unquoted. */
  readonly cookie?: string;
}

/** Why a request has not been answered, and whether it may be sent again. */
class Failure {
  constructor(
    readonly error: MigrationError,
    readonly again: 'always' | 'reads' | 'never',
    readonly delayMs = FIRST_DELAY_MS,
  ) {}
}

/** Sends calls to `/sdk` of a vCenter or an ESXi host, over connections whose peer was checked before the first byte. */
export class SoapTransport {
  /** The certificate of the latest connection. */
  certificate: PeerCertificate | undefined;
  private readonly agent: Agent;
  private readonly closing = new AbortController();
  private readonly origin: string;

  constructor(
    peer: Peer,
    trust: Trust,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    const host = bareHost(peer.host);
    this.origin = `https://${host.includes(':') ? `[${host}]` : host}:${peer.port}`;
    this.agent = new Agent({
      connections: 8,
      // shorter than what any server keeps: a call must not meet a connection that is just being closed
      keepAliveTimeout: 4_000,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: (_options, done) => {
        // not the signal of a call: a connection that its caller does not want any more serves the next one
        connectTrusted(peer, trust, { signal: this.closing.signal, now: () => clock.now() }).then(
          ({ socket, certificate }) => {
            this.certificate = certificate;
            socket.setNoDelay(true).setKeepAlive(true, 60_000);
            done(null, socket);
          },
          (error: MigrationError) => done(Object.assign(error, { unsent: true }), null),
        );
      },
    });
  }

  /**
   * Calls a method. A read is tried again when the connection is lost or the server is busy; anything else only when
   * it certainly was not sent.
   * Throws `VimFault`, `peer.untrusted`, `peer.unreachable`, `peer.protocol`, `request.invalid` or `call.aborted`.
   */
  async call(
    method: string,
    self: ManagedObjectReference,
    args: Readonly<Record<string, unknown>>,
    { version, cookie, signal }: SoapCall,
  ): Promise<SoapAnswer> {
    const body = encodeCall(method, self, args);
    const headers = {
      'content-type': 'text/xml; charset="utf-8"',
      soapaction: `"urn:vim25/${version}"`,
      ...(cookie === undefined ? {} : { cookie }),
    };
    const timeout = timeoutOf(method, args);
    const request = { method: 'POST', path: '/sdk', headers, body, headersTimeout: timeout } as const;
    const answer = await this.persist(method, signal, async () => {
      const { status, headers: given, text } = await this.send(request, signal);
      // a fault comes with 500
      return { envelope: soapOf(status, given, text), cookie: sessionCookieOf(given) };
    });
    return {
      result: decodeAnswer(answer.envelope, method),
      ...(answer.cookie === undefined ? {} : { cookie: answer.cookie }),
    };
  }

  /** `/sdk/vimServiceVersions.xml`; nothing where the server does not have it. Throws as `call` does. */
  async serviceVersions({ signal }: CallOptions): Promise<XmlElement | undefined> {
    return this.persist('RetrieveServiceContent', signal, async () => {
      const { status, text } = await this.send(
        { method: 'GET', path: '/sdk/vimServiceVersions.xml' },
        signal,
      );
      if (status === 503) throw busy();
      if (status !== 200 || WEB_PAGE.test(text)) return undefined;
      return readXml(text);
    });
  }

  /** Ends all connections; calls that are under way fail. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.agent.destroy();
  }

  private async persist<T>(method: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      throwIfAborted(signal);
      try {
        return await attempt();
      } catch (failure) {
        throwIfAborted(signal);
        if (!(failure instanceof Failure)) throw failure;
        const mayRepeat = failure.again === 'always' || (failure.again === 'reads' && READS.has(method));
        if (!mayRepeat || tries >= TRIES) throw failure.error;
        // apart from each other: all calls of a session lose their connections at the same moment
        const delayMs = failure.delayMs * 2 ** (tries - 1) * (0.5 + Math.random());
        this.log.warn('A call to vSphere is tried again.', { method, because: failure.error.message, tries });
        await this.clock.sleep(delayMs, signal).catch(() => throwIfAborted(signal));
      }
    }
  }

  private async send(
    request: Pick<Dispatcher.RequestOptions, 'method' | 'path'> & Partial<Dispatcher.RequestOptions>,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
    try {
      const { statusCode, headers, body } = await this.agent.request({
        ...request,
        origin: this.origin,
        signal,
      });
      return { status: statusCode, headers, text: await body.text() };
    } catch (fault) {
      throw failureOf(fault, request.headersTimeout ?? ANSWER_TIMEOUT_MS);
    }
  }
}

/** Milliseconds until the answer must have begun. */
function timeoutOf(method: string, args: Readonly<Record<string, unknown>>): number {
  if (QUICK.has(method)) return QUICK_TIMEOUT_MS;
  const { maxWaitSeconds } = (args['options'] ?? {}) as { readonly maxWaitSeconds?: number };
  // a wait for changes says itself when it ends: a connection that has died on the way is found soon after
  return maxWaitSeconds === undefined ? ANSWER_TIMEOUT_MS : maxWaitSeconds * 1000 + QUICK_TIMEOUT_MS;
}

/** The envelope of an answer. Throws a `Failure`, or `peer.protocol` for anything but XML. */
function soapOf(status: number, headers: Headers, text: string): XmlElement {
  if (status === 502 || status === 503 || status === 504) throw busy();
  const type = String(headers['content-type'] ?? '').split(';')[0];
  if (type === 'text/html' || WEB_PAGE.test(text))
    throw new MigrationError(
      'peer.protocol',
      `The endpoint has answered with a web page (${status}): it is not the API of a vCenter or an ESXi host.`,
      { context: { status } },
    );
  if (status !== 200 && status !== 500)
    throw new MigrationError('peer.protocol', `The endpoint has answered with HTTP status ${status}.`, {
      context: { status },
    });
  return readXml(text);
}

function busy(): Failure {
  const error = new MigrationError(
    'peer.unreachable',
    'The endpoint says that its service is not available now.',
  );
  return new Failure(error, 'reads', BUSY_DELAY_MS);
}

/** The value of `vmware_soap_session` as it stands in `set-cookie`, with its quotes where it has some. */
function sessionCookieOf(headers: Headers): string | undefined {
  const given: unknown = headers['set-cookie'] ?? [];
  const all = Array.isArray(given) ? given.map(String) : [String(given)];
  return all
    .map((line) => line.split(';')[0]?.trim() ?? '')
    .find((pair) => /^vmware_soap_session=./.test(pair));
}

function failureOf(fault: unknown, timeoutMs: number): unknown {
  if (fault instanceof MigrationError) {
    const again = fault.code === 'peer.unreachable' ? 'always' : 'never';
    return 'unsent' in fault ? new Failure(fault, again) : fault;
  }
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : '';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new MigrationError('peer.protocol', `The answer is larger than ${MAX_ANSWER_BYTES} bytes.`);
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return new MigrationError('peer.protocol', `The endpoint does not speak HTTP as expected (${code}).`);
  const late = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  const message = late
    ? 'The endpoint has not answered in time.'
    : `The connection to the endpoint was lost${code === '' ? '' : ` (${code})`}.`;
  // who has computed for so long would begin anew
  const again = late && timeoutMs >= ANSWER_TIMEOUT_MS ? 'never' : 'reads';
  // Not as `cause`: what undici throws may hold the request, and that the password.
  return new Failure(new MigrationError('peer.unreachable', message), again);
}
