import { Injectable } from '@nestjs/common';
import type { ChangePassword, SignIn } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { AuditedWork } from '../audit/audited-work.js';
import { currentlyIs } from '../http/request-context.js';
import type { Access } from './access.js';
import { AccessEndings } from './access-endings.js';
import { User } from './access.entities.js';
import { Passwords } from './passwords.js';
import { Sessions, type BegunSession, type Visitor } from './sessions.js';
import { SignInLimits } from './sign-in-limits.js';

/** Somebody who has just come in. */
export interface Entered extends BegunSession {
  readonly user: User;
}

/** How people come in, show again who they are, and leave. */
@Injectable()
export class SignIns {
  constructor(
    private readonly database: DataSource,
    private readonly work: AuditedWork,
    private readonly sessions: Sessions,
    private readonly passwords: Passwords,
    private readonly limits: SignInLimits,
    private readonly endings: AccessEndings,
  ) {}

  /** Throws `access.unauthenticated`, the same for a wrong name and a wrong password, and `access.throttled`. */
  async signIn({ name, password, as }: SignIn, visitor: Visitor): Promise<Entered> {
    const user = await this.userNamed(name);
    const known = await this.prove(name, user, password, visitor.address);
    currentlyIs({ kind: 'session', name: known.name, id: known.id });
    return this.work.run(
      async (manager) => {
        const { id, passwordHash } = known;
        const still = await manager
          .getRepository(User)
          .update({ id, passwordHash: passwordHash ?? '', state: 'active' }, { lastSignInAt: new Date() });
        // changed or disabled while it was compared: no session may outlive that
        if (still.affected !== 1) throw wrong();
        return { ...(await this.sessions.begin(manager, known, as, visitor)), user: known };
      },
      ({ session }) => ({
        action: 'access.sign-in',
        subject: { type: 'user', id: known.id },
        // whoever watches the log must see when the account of the set-up is used
        detail: { session: session.id, kind: as, breakGlass: known.breakGlass },
      }),
    );
  }

  /** The password again, for what needs it. Throws as `signIn` does. @returns when that was. */
  async reauthenticate(access: Access, password: string, address: string): Promise<Date> {
    await this.prove(access.userName, await this.userNamed(access.userName), password, address);
    return this.work.run(
      (manager) => this.sessions.authenticated(manager, access.accessId),
      () => ({ action: 'access.reauthenticate', subject: { type: 'user', id: access.userId } }),
    );
  }

  /** A new password ends every other session: whoever knew the old one is out. */
  async changePassword(access: Access, { current, next }: ChangePassword, address: string): Promise<void> {
    await this.prove(access.userName, await this.userNamed(access.userName), current, address);
    const passwordHash = await this.passwords.hash(next);
    const ended = await this.work.run(
      async (manager) => {
        await manager
          .getRepository(User)
          .update({ id: access.userId }, { passwordHash, updatedAt: new Date() });
        await this.sessions.authenticated(manager, access.accessId);
        return this.sessions.end(manager, access.userId, (id) => id !== access.accessId);
      },
      (sessions) => ({
        action: 'access.password',
        subject: { type: 'user', id: access.userId },
        detail: { endedSessions: sessions.length },
      }),
    );
    this.endings.tell(ended);
  }

  /** Ends sessions of the caller. @returns how many. */
  async end(access: Access, which: (sessionId: string) => boolean): Promise<number> {
    const ended = await this.work.run(
      (manager) => this.sessions.end(manager, access.userId, which),
      (sessions) => ({
        action: 'access.sign-out',
        subject: { type: 'user', id: access.userId },
        detail: { sessions },
      }),
    );
    this.endings.tell(ended);
    return ended.length;
  }

  private userNamed(name: string): Promise<User | undefined> {
    return this.database
      .getRepository(User)
      .findOneBy({ name })
      .then((user) => user ?? undefined);
  }

  private async prove(
    account: string,
    user: User | undefined,
    password: string,
    address: string,
  ): Promise<User> {
    const attempt = await this.limits.attempt(address, account, user);
    const check = (): void => this.limits.check(attempt);
    check();
    const hash = user?.state === 'active' ? user.passwordHash : undefined;
    // of many that wait, those that come after a few failures need not be compared
    const isRight = await this.passwords.isRight(password, hash, {
      network: attempt.network,
      stillWorthIt: check,
    });
    if (isRight && user) {
      await this.limits.succeeded(attempt, user);
      return user;
    }
    this.limits.failed(attempt);
    await this.work.refused({
      action: 'access.sign-in-failed',
      subject: { type: 'user', id: user?.id ?? 'unknown' },
      // a name that nobody has may be a password that was typed into the wrong field
      detail: user ? { name: account } : {},
    });
    throw wrong();
  }
}

function wrong(): MigrationError {
  return new MigrationError('access.unauthenticated', 'The name or the password is wrong.');
}
