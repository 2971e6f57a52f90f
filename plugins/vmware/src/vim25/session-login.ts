import { MigrationError, redact, throwIfAborted } from '@ossea/errors';
import type { CallOptions, Logger } from '@ossea/plugin-sdk';
import type { ServiceContent, UserSession } from './generated/types.js';
import type { SoapTransport } from './soap-transport.js';
import { VimFault } from './vim-fault.js';

/** Keeps an account from being locked across sessions and restarts; its errors end the login. */
export interface LoginGuard {
  /** Throws, `auth.rejected` mostly, when no login may be tried now. */
  beforeLogin(): Promise<void>;
  rejected(): Promise<void>;
  accepted(): Promise<void>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** How many times a password is tried that was good once and is rejected now. */
const MAX_REJECTIONS = 2;

/**
 * The session at the server: logs in, and again when the server has forgotten it. One login at a time, whoever asks;
 * a password that was rejected twice is not tried a third time, so that we never lock the account.
 */
export class SessionLogin {
  /** Counts the logins: what was made in an earlier session (views, collectors, tokens) is gone with it. */
  generation = 0;
  #session: { readonly cookie: string; readonly key: string } | undefined;
  private underWay: Promise<void> | undefined;
  private rejections = 0;
  private readonly listeners = new Set<() => void>();
  readonly #credentials: Credentials;

  constructor(
    private readonly transport: SoapTransport,
    private readonly content: ServiceContent,
    private readonly version: string,
    credentials: Credentials,
    private readonly guard: LoginGuard | undefined,
    private readonly log: Logger,
    /** Fires when the client is disposed of. */
    private readonly lifetime: AbortSignal,
  ) {
    this.#credentials = credentials;
  }

  /** `name=value`, as the server has set it. Throws `auth.rejected` where there is none. */
  get cookie(): string {
    return this.mustBe().cookie;
  }

  /** The key of the server's own record of the session. */
  get key(): string {
    return this.mustBe().key;
  }

  /** Throws `auth.rejected` when the password was rejected so often that nothing is asked any more. */
  mustNotBeLocked(): void {
    if (this.rejections >= MAX_REJECTIONS)
      throw new MigrationError(
        'auth.rejected',
        `The password was rejected ${MAX_REJECTIONS} times. It is not tried again in this session, so that the account is not locked.`,
      );
  }

  onLogin(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Logs in anew, unless that has happened since the caller last looked. The login belongs to nobody: a caller who
   * aborts leaves it to the others.
   * @param seen the generation in which the caller was told that the session is gone.
   * Throws `auth.rejected`, `peer.forbidden`, what the guard throws, or trouble on the way.
   */
  async renew(seen: number, { signal }: CallOptions): Promise<void> {
    throwIfAborted(signal);
    if (seen !== this.generation) return;
    this.underWay ??= this.login(this.lifetime).finally(() => (this.underWay = undefined));
    await unlessAborted(this.underWay, signal);
  }

  /** The login itself. Throws as `renew` does. */
  async login(signal: AbortSignal): Promise<void> {
    this.mustNotBeLocked();
    await this.guard?.beforeLogin();
    const { sessionManager } = this.content;
    if (!sessionManager) throw new MigrationError('peer.protocol', 'The endpoint has no session manager.');
    const { username, password } = this.#credentials;
    // Without the old cookie: the server then gives a new session, and the answer must bring its cookie.
    const { result, cookie } = await this.transport
      .call('Login', sessionManager, { userName: username, password }, { version: this.version, signal })
      .catch((fault: unknown) => this.refused(fault));
    if (cookie === undefined)
      throw new MigrationError('peer.protocol', 'The login was answered without a session.');
    this.#session = { cookie, key: (result as UserSession).key };
    this.rejections = 0;
    this.generation += 1;
    await this.guard?.accepted();
    if (this.generation === 1) return;
    this.log.info('The session at vSphere had ended; a new one was opened.', {});
    for (const listener of this.listeners) listener();
  }

  private async refused(fault: unknown): Promise<never> {
    if (!(fault instanceof VimFault)) throw fault;
    if (fault.is('InvalidLogin')) {
      this.rejections += 1;
      await this.guard?.rejected();
      const expired = fault.faultName === 'PasswordExpired' ? ' The password has expired.' : '';
      throw new MigrationError('auth.rejected', `The endpoint rejects the user or the password.${expired}`);
    }
    if (fault.is('NoPermission'))
      throw new MigrationError(
        'peer.forbidden',
        'The account may sign in, but it has no role at the endpoint.',
      );
    const { password } = this.#credentials;
    // some faults repeat what they did not understand
    const message = redact(fault.localizedMessage.split(password).join('[redacted]'));
    throw new VimFault(fault.faultName, undefined, message);
  }

  private mustBe(): { readonly cookie: string; readonly key: string } {
    if (!this.#session) throw new MigrationError('auth.rejected', 'There is no session at the endpoint.');
    return this.#session;
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new MigrationError('call.aborted', 'The call was aborted.'));
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
