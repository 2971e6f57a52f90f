import { setMaxListeners } from 'node:events';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, Logger, PeerCertificate, Trust } from '@ossea/plugin-sdk';
import { FIRST_VERSION, chooseVersion, offeredVersions } from './api-version.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import type { Methods, ServiceContent } from './generated/types.js';
import { SERVICE_INSTANCE, type ManagedObjectReference } from './references.js';
import { SessionLogin, type LoginGuard } from './session-login.js';
import { untilEither } from './signals.js';
import { SoapTransport } from './soap-transport.js';
import { VimFault } from './vim-fault.js';

export interface VimClientOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly trust: Trust;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly loginGuard?: LoginGuard;
  /** Milliseconds between two signs of life; a session that is idle for 30 min ends. */
  readonly keepAliveMs?: number;
}

/** A value as it is sent: a structure needs its `$type` only where it is of a subtype of what is declared. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly Draft<Item>[]
  : T extends object
    ? { readonly [K in keyof T as Exclude<K, '$type' | '$declared'>]: Draft<T[K]> } & {
        readonly $type?: string;
      }
    : T;
export type MethodArguments<M extends keyof Methods> = Draft<Methods[M]['args']>;
export type MethodResult<M extends keyof Methods> = Methods[M]['result'];

export interface VimCallOptions extends CallOptions {
  /**
   * The session, by its number, in which the object or the token was made that the call is about: in any other one
   * the call is not made, and throws `SessionReplaced`.
   */
  readonly session?: number;
}

/** What was made in the session (a view, a collector, the token of a page) is gone: whoever used it starts again. */
export class SessionReplaced extends Error {
  override readonly name = 'SessionReplaced';

  constructor() {
    super('The session at vSphere was replaced by a new one.');
  }
}

const KEEP_ALIVE_MS = 5 * 60_000;
const LOGOUT_TIMEOUT_MS = 5_000;

/** A session at a vCenter, or at an ESXi host by itself, over its SOAP API (vSphere Web Services API). */
export class VimClient implements AsyncDisposable {
  private keepAliveTimer: NodeJS.Timeout | undefined;
  private disposed: Promise<void> | undefined;

  private constructor(
    /** The managers and folders that the API starts from. */
    readonly content: ServiceContent,
    /** The version of the API that is spoken, `8.0.1.0`. */
    readonly version: string,
    /** The certificate that was checked before anything was sent. */
    readonly certificate: PeerCertificate,
    private readonly transport: SoapTransport,
    private readonly login: SessionLogin,
    private readonly lifetime: AbortController,
    private readonly log: Logger,
  ) {}

  /**
   * Opens a session; disposing of the client logs out.
   * Throws `auth.rejected`, `peer.forbidden` (an account without a role), `peer.untrusted`, `peer.unreachable`,
   * `peer.protocol`, `config.invalid` for a pin that is none, what the guard throws, or `call.aborted`.
   */
  static async connect(options: VimClientOptions, call: CallOptions): Promise<VimClient> {
    const { clock = SYSTEM_CLOCK, log, trust, username, password } = options;
    const transport = new SoapTransport(options, trust, clock, log);
    const lifetime = new AbortController();
    // every call that is under way listens to it
    setMaxListeners(0, lifetime.signal);
    try {
      const { content, version } = await introduce(transport, call);
      const credentials = { username, password };
      const { loginGuard } = options;
      const login = new SessionLogin(
        transport,
        content,
        version,
        credentials,
        loginGuard,
        log,
        lifetime.signal,
      );
      await login.login(call.signal);
      if (!transport.certificate) throw new MigrationError('peer.protocol', 'There was no connection.');
      const client = new VimClient(content, version, transport.certificate, transport, login, lifetime, log);
      client.startKeepAlive(options.keepAliveMs ?? KEEP_ALIVE_MS);
      return client;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  /** The key of the session now: what `HasPrivilegeOnEntities` calls `sessionId`. */
  get sessionKey(): string {
    return this.login.key;
  }

  /** Counts the sessions this client has had. */
  get session(): number {
    return this.login.generation;
  }

  /** The cookie of the session now, `vmware_soap_session=…`; a secret. */
  cookie(): string {
    return this.login.cookie;
  }

  /** Calls back after every login but the first, until the returned function is called. */
  onLogin(listener: () => void): () => void {
    return this.login.onLogin(listener);
  }

  /**
   * Calls a method of a managed object. When the session has ended it is opened again, once, and the call repeated.
   * Throws `VimFault` for what the server refuses, `auth.rejected`, `peer.unreachable`, `peer.untrusted`,
   * `peer.protocol`, `request.invalid` for arguments that do not fit the schema, `call.aborted`, or `SessionReplaced`.
   */
  async call<M extends keyof Methods>(
    method: M,
    self: ManagedObjectReference,
    args: MethodArguments<M>,
    { signal, session }: VimCallOptions,
  ): Promise<MethodResult<M>> {
    return untilEither(signal, this.lifetime.signal, async (either) => {
      throwIfAborted(either);
      this.login.mustNotBeLocked();
      const present = this.login.generation;
      if (session !== undefined && session !== present) throw new SessionReplaced();
      try {
        return await this.send(method, self, args, either);
      } catch (fault) {
        if (!(fault instanceof VimFault && fault.is('NotAuthenticated'))) throw fault;
      }
      await this.login.renew(present, { signal: either });
      if (session !== undefined) throw new SessionReplaced();
      return await this.send(method, self, args, either);
    });
  }

  /**
   * Opens the session again because a caller was told otherwise than by a fault that it has ended.
   * @param seen the `session` in which that was.
   */
  async renew(seen: number, { signal }: CallOptions): Promise<void> {
    await untilEither(signal, this.lifetime.signal, (either) => this.login.renew(seen, { signal: either }));
  }

  /** Asks the server for a sign of life, and opens the session again where it has ended. Throws as `call` does. */
  async keepAlive({ signal }: CallOptions): Promise<void> {
    await this.call('CurrentTime', SERVICE_INSTANCE, {}, { signal });
  }

  /** Logs out, for a few seconds at most, and ends all connections. Calls that are under way are aborted. */
  [Symbol.asyncDispose](): Promise<void> {
    this.disposed ??= this.dispose();
    return this.disposed;
  }

  private async dispose(): Promise<void> {
    clearInterval(this.keepAliveTimer);
    this.lifetime.abort();
    try {
      const { sessionManager } = this.content;
      const signal = AbortSignal.timeout(LOGOUT_TIMEOUT_MS);
      if (sessionManager) await this.send('Logout', sessionManager, {}, signal);
    } catch (error) {
      // the server ends an idle session by itself
      this.log.debug('The session at vSphere could not be closed.', { because: String(error) });
    }
    await this.transport.close().catch(() => undefined);
  }

  private async send<M extends keyof Methods>(
    method: M,
    self: ManagedObjectReference,
    args: MethodArguments<M>,
    signal: AbortSignal,
  ): Promise<MethodResult<M>> {
    const { version } = this;
    const soap = { version, cookie: this.login.cookie, signal };
    const { result } = await this.transport.call(
      method,
      self,
      args as Readonly<Record<string, unknown>>,
      soap,
    );
    return result as MethodResult<M>;
  }

  private startKeepAlive(everyMs: number): void {
    const { signal } = this.lifetime;
    this.keepAliveTimer = setInterval(() => {
      this.keepAlive({ signal }).catch((error: unknown) => {
        if (!signal.aborted) this.log.warn('vSphere gives no sign of life.', { because: String(error) });
      });
    }, everyMs);
    // it keeps a session, not a process
    this.keepAliveTimer.unref();
  }
}

/** The version of the API that both sides speak, and what the API starts from: both are told to anybody. */
async function introduce(
  transport: SoapTransport,
  call: CallOptions,
): Promise<{ readonly content: ServiceContent; readonly version: string }> {
  const document = await transport.serviceVersions(call);
  const offered = document ? offeredVersions(document) : [];
  const first = offered.length > 0 ? chooseVersion(offered) : FIRST_VERSION;
  const method = 'RetrieveServiceContent';
  const { result } = await transport.call(
    method,
    SERVICE_INSTANCE,
    {},
    { signal: call.signal, version: first },
  );
  const content = result as ServiceContent;
  const version = offered.length > 0 ? first : chooseVersion([content.about.apiVersion]);
  return { content, version };
}
