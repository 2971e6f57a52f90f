import { Injectable } from '@nestjs/common';
import type { Recover, SetUp } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditedWork } from '../audit/audited-work.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { Setting } from '../database/setting.entity.js';
import { AccessCodes } from './access-codes.js';
import { AccessEndings } from './access-endings.js';
import { User } from './access.entities.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { networkOf } from '@ossea/tunnel';
import type { OneTimeCode } from './one-time-code.js';
import { Passwords } from './passwords.js';
import { Sessions, type Visitor } from './sessions.js';
import type { Entered } from './sign-ins.js';

/** Name of the setting that says that it has been done. */
const SET_UP = 'access.set-up';

/** The two ways in without a password: the first start, and the way back when the password is lost. */
@Injectable()
export class FirstAccess {
  private readonly limiter = new AttemptLimiter();

  constructor(
    private readonly database: DataSource,
    private readonly work: AuditedWork,
    private readonly sessions: Sessions,
    private readonly passwords: Passwords,
    private readonly codes: AccessCodes,
    private readonly endings: AccessEndings,
  ) {}

  /** At the start: the code that nobody has seen yet, or `undefined`. */
  async prepare(): Promise<string | undefined> {
    if (!(await this.isSetUp())) return this.codes.setUp.ensure();
    // a crash may have come between using the code and removing it
    await this.codes.setUp.remove();
    return undefined;
  }

  /**
   * Trades the one-time code for the first administrator.
   * Throws `access.unauthenticated`, `access.throttled`, and `request.conflict` once it has been done.
   */
  async setUp({ code, name, password, as }: SetUp, visitor: Visitor): Promise<Entered> {
    if (await this.isSetUp()) throw alreadySetUp();
    await this.mustBe('access.set-up', this.codes.setUp, code, visitor.address);
    const passwordHash = await this.passwords.hash(password);
    try {
      const entered = await this.work.run(
        async (manager) => {
          const at = { at: new Date().toISOString() };
          await manager.getRepository(Setting).insert({ name: SET_UP, value: at as never });
          const user = await addBreakGlass(manager, name, passwordHash);
          return { ...(await this.sessions.begin(manager, user, as, visitor)), user };
        },
        ({ user }) => ({ action: 'access.set-up', subject: { type: 'user', id: user.id }, detail: { name } }),
      );
      await this.codes.setUp.remove();
      return entered;
    } catch (error) {
      if (isUniqueViolation(error)) throw alreadySetUp();
      throw error;
    }
  }

  /**
   * Gives the first administrator a new password, for the code that the machine itself has printed. Everything that
   * the old password opened is closed.
   * Throws `access.unauthenticated` and `access.throttled`.
   */
  async recover({ code, password, as }: Recover, visitor: Visitor): Promise<Entered> {
    await this.mustBe('access.recover', this.codes.recovery, code, visitor.address);
    const passwordHash = await this.passwords.hash(password);
    // used up first: a code that failed halfway is made anew, one that could be used twice is a way in
    if (!(await this.codes.recovery.useUp())) throw notTheCode();
    const { ended, ...entered } = await this.work.run(
      async (manager) => {
        const users = manager.getRepository(User);
        const user = await users.findOneByOrFail({ breakGlass: true });
        await users.update(
          { id: user.id },
          { passwordHash, lastSignInAt: new Date(), updatedAt: new Date() },
        );
        const closed = await this.sessions.end(manager, user.id, () => true);
        return { ended: closed, ...(await this.sessions.begin(manager, user, as, visitor)), user };
      },
      ({ user, ended: sessions }) => ({
        action: 'access.recover',
        subject: { type: 'user', id: user.id },
        detail: { endedSessions: sessions.length },
      }),
    );
    this.endings.tell(ended);
    return entered;
  }

  private async mustBe(
    action: 'access.set-up' | 'access.recover',
    code: OneTimeCode,
    given: string,
    address: string,
  ): Promise<void> {
    const network = networkOf(address);
    this.limiter.check(network);
    if (await code.isCode(given)) return;
    this.limiter.failed(network);
    await this.work.refused({ action, subject: { type: 'user', id: 'unknown' } });
    throw notTheCode();
  }

  private async isSetUp(): Promise<boolean> {
    return (await this.database.getRepository(Setting).countBy({ name: SET_UP })) > 0;
  }
}

async function addBreakGlass(manager: EntityManager, name: string, passwordHash: string): Promise<User> {
  const users = manager.getRepository(User);
  const user = users.create({
    id: newId('usr'),
    name,
    role: 'administrator',
    state: 'active',
    passwordHash,
    breakGlass: true,
    lastSignInAt: new Date(),
  });
  return users.save(user);
}

function notTheCode(): MigrationError {
  return new MigrationError('access.unauthenticated', 'This is not the code of this appliance.');
}

function alreadySetUp(): MigrationError {
  return new MigrationError('request.conflict', 'This appliance has been set up already: sign in.');
}
