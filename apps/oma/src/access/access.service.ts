import { Injectable } from '@nestjs/common';
import type { IssuedToken, SetUp, SignIn } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { Mutex } from 'async-mutex';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditRefusals } from '../audit/audit-refusals.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { Setting } from '../database/setting.entity.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { ApiTokens } from './api-tokens.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { hashPassword, isPassword, PasswordHash } from './passwords.js';
import { SetUpCode } from './set-up-code.js';

const ADMINISTRATOR = 'administrator';
const ADMIN = { type: 'user', id: ADMINISTRATOR };
const SESSION_MS = 12 * 3_600_000;
/** Names of settings. */
const SET_UP = 'access.set-up';
const PASSWORD = 'access.password';
/** Passwords that may wait to be compared; each comparison takes memory and time. */
const MAX_WAITING = 20;

/** How people get their first token, and the next ones. */
@Injectable()
export class AccessService {
  private readonly limiter = new AttemptLimiter();
  private readonly comparing = new Mutex();
  private waiting = 0;

  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly tokens: ApiTokens,
    private readonly code: SetUpCode,
    private readonly audit: AuditTrail,
    private readonly refusals: AuditRefusals,
  ) {}

  /** At the start: the code that nobody has seen yet, or `undefined`. */
  async prepare(): Promise<string | undefined> {
    if (!(await this.isSetUp())) return this.code.ensure();
    // a crash may have come between using the code and removing it
    await this.code.remove();
    return undefined;
  }

  /**
   * Trades the one-time code for a token. With a password that token ends as every session does, because the password
   * gives the next one; without, it is all there is.
   * Throws `access.unauthenticated`, `access.throttled`, and `request.conflict` once it has been done.
   */
  async setUp({ code, password }: SetUp, address: string): Promise<IssuedToken> {
    if (await this.isSetUp()) throw alreadySetUp();
    this.limiter.check(address);
    if (!(await this.code.isCode(code))) {
      this.limiter.failed(address);
      await this.refusals.write({ action: 'access.set-up', subject: ADMIN });
      throw new MigrationError('access.unauthenticated', 'This is not the set-up code of this appliance.');
    }
    const hash = password === undefined ? undefined : await hashPassword(password);
    try {
      const issued = await this.unitOfWork.run(async (manager) => {
        await insert(manager, SET_UP, { at: new Date().toISOString() });
        if (hash) await insert(manager, PASSWORD, hash);
        const token = await this.tokens.issue(manager, ADMINISTRATOR, hash && sessionEnd());
        await this.audit.append(manager, { action: 'access.set-up', subject: ADMIN });
        return token;
      });
      await this.code.remove();
      return issued;
    } catch (error) {
      if (isUniqueViolation(error)) throw alreadySetUp();
      throw error;
    }
  }

  /** Throws `access.unauthenticated` and `access.throttled`. */
  async signIn({ password }: SignIn, address: string): Promise<IssuedToken> {
    this.limiter.check(address);
    if (this.waiting >= MAX_WAITING)
      throw new MigrationError('access.throttled', 'Too many people sign in at this moment.', {
        context: { retryAfterSeconds: 5 },
      });
    this.waiting += 1;
    try {
      await this.comparing.runExclusive(() => this.compare(password, address));
    } finally {
      this.waiting -= 1;
    }
    return this.unitOfWork.run(async (manager) => {
      const token = await this.tokens.issue(manager, ADMINISTRATOR, sessionEnd());
      await this.audit.append(manager, { action: 'access.sign-in', subject: ADMIN });
      return token;
    });
  }

  private async compare(password: string, address: string): Promise<void> {
    // of many that wait, those that come after a few failures need not be compared
    this.limiter.check(address);
    const setting = await this.database.getRepository(Setting).findOneBy({ name: PASSWORD });
    const hash = setting ? PasswordHash.parse(setting.value) : undefined;
    if (await isPassword(password, hash)) {
      this.limiter.succeeded(address);
      return;
    }
    this.limiter.failed(address);
    await this.refusals.write({ action: 'access.sign-in-failed', subject: ADMIN });
    throw new MigrationError('access.unauthenticated', 'The password is wrong.');
  }

  private async isSetUp(): Promise<boolean> {
    return (await this.database.getRepository(Setting).countBy({ name: SET_UP })) > 0;
  }
}

async function insert(manager: EntityManager, name: string, value: Record<string, unknown>): Promise<void> {
  await manager.getRepository(Setting).insert({ name, value: value as never });
}

function sessionEnd(): Date {
  return new Date(Date.now() + SESSION_MS);
}

function alreadySetUp(): MigrationError {
  return new MigrationError('request.conflict', 'This appliance has been set up already: sign in.');
}
