import { Injectable } from '@nestjs/common';
import type { ChangeUser, CreateUser, User as UserView } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, type EntityManager } from 'typeorm';
import { AuditedWork } from '../audit/audited-work.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { AccessEndings } from './access-endings.js';
import { FamiliarNetwork, User } from './access.entities.js';
import { ApiTokens } from './api-tokens.js';
import { Passwords } from './passwords.js';
import { Sessions } from './sessions.js';

/** People and programs. Whatever lowers what one may do takes effect at once, also in sessions that stand. */
@Injectable()
export class Users {
  constructor(
    private readonly database: DataSource,
    private readonly work: AuditedWork,
    private readonly sessions: Sessions,
    private readonly tokens: ApiTokens,
    private readonly passwords: Passwords,
    private readonly endings: AccessEndings,
  ) {}

  async list(): Promise<UserView[]> {
    const rows = await this.database.getRepository(User).find({ order: { name: 'ASC' } });
    return rows.map(userView);
  }

  /** Throws `request.not-found`. */
  async get(id: string): Promise<UserView> {
    return userView(await found(this.database.manager, id));
  }

  /** Throws `request.conflict` for a name that is taken. */
  async create({ name, role, password }: CreateUser): Promise<UserView> {
    const passwordHash = password === undefined ? null : await this.passwords.hash(password);
    try {
      return await this.work.run(
        async (manager) => {
          const users = manager.getRepository(User);
          const row = users.create({
            id: newId('usr'),
            name,
            role,
            state: 'active',
            passwordHash,
            breakGlass: false,
            lastSignInAt: null,
          });
          return userView(await users.save(row));
        },
        ({ id }) => ({ action: 'user.create', subject: { type: 'user', id }, detail: { name, role } }),
      );
    } catch (error) {
      if (isUniqueViolation(error))
        throw new MigrationError('request.conflict', 'There is a user with this name already.');
      throw error;
    }
  }

  /**
   * Changes role, state or password. A new password and a disabled user end all sessions; a disabled user's tokens
   * end, too. Throws `request.not-found`, and `request.conflict` where nobody could administer the appliance any more.
   */
  async change(id: string, { role, state, password }: ChangeUser): Promise<UserView> {
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    const { view, ended } = await this.work.run(
      async (manager) => {
        const users = manager.getRepository(User);
        const row = await found(manager, id);
        mustStay(row, role !== undefined && role !== row.role, state === 'disabled');
        if (role !== undefined && (role === 'service') !== (row.role === 'service'))
          throw new MigrationError(
            'request.conflict',
            'A person does not become a program, nor a program a person.',
          );
        if (passwordHash !== undefined && row.role === 'service')
          throw new MigrationError('request.conflict', 'A service has no password; give it a token.');
        const change = {
          ...(role === undefined ? {} : { role }),
          ...(state === undefined ? {} : { state }),
          ...(passwordHash === undefined ? {} : { passwordHash }),
          updatedAt: new Date(),
        };
        await users.update({ id }, change);
        return {
          view: userView(Object.assign(row, change)),
          ended: await this.close(manager, id, {
            sessions: state === 'disabled' || passwordHash !== undefined,
            tokens: state === 'disabled',
          }),
        };
      },
      ({ view: { name } }) => ({
        action: 'user.change',
        subject: { type: 'user', id },
        detail: {
          name,
          ...(role === undefined ? {} : { role }),
          ...(state === undefined ? {} : { state }),
          ...(passwordHash === undefined ? {} : { newPassphrase: true }),
        },
      }),
    );
    // whoever keeps a door open for this user asks again what may pass
    const asksAgain = role === undefined ? [] : (await this.sessions.of(id)).map((session) => session.id);
    this.endings.tell([...ended, ...asksAgain]);
    return view;
  }

  /** Throws `request.not-found`, and `request.conflict` for the administrator of the set-up. */
  async remove(id: string): Promise<void> {
    const ended = await this.work.run(
      async (manager) => {
        const row = await found(manager, id);
        mustStay(row, false, true);
        const closed = await this.close(manager, id, { sessions: true, tokens: true });
        await manager.getRepository(FamiliarNetwork).delete({ userId: id });
        await manager.getRepository(User).delete({ id });
        return { closed, name: row.name };
      },
      ({ name }) => ({ action: 'user.remove', subject: { type: 'user', id }, detail: { name } }),
    );
    this.endings.tell(ended.closed);
  }

  /** Ends all sessions of a user. Throws `request.not-found`. */
  async endSessions(id: string): Promise<void> {
    const ended = await this.work.run(
      async (manager) => {
        await found(manager, id);
        return this.close(manager, id, { sessions: true, tokens: false });
      },
      (sessions) => ({
        action: 'user.sign-out',
        subject: { type: 'user', id },
        detail: { endedSessions: sessions.length },
      }),
    );
    this.endings.tell(ended);
  }

  private async close(
    manager: EntityManager,
    id: string,
    what: { readonly sessions: boolean; readonly tokens: boolean },
  ): Promise<string[]> {
    return [
      ...(what.sessions ? await this.sessions.end(manager, id, () => true) : []),
      ...(what.tokens ? await this.tokens.end(manager, id, () => true) : []),
    ];
  }
}

/** The administrator of the set-up stays what it is: as long as it does, somebody can administer the appliance. */
function mustStay({ breakGlass }: User, changesRole: boolean, goes: boolean): void {
  if (breakGlass && (changesRole || goes))
    throw new MigrationError(
      'request.conflict',
      'The administrator of the set-up stays: it is the way in when every other one is closed.',
    );
}

async function found(manager: EntityManager, id: string): Promise<User> {
  const row = await manager.getRepository(User).findOneBy({ id });
  if (!row)
    throw new MigrationError('request.not-found', 'There is no such user.', {
      context: { user: id.slice(0, 64) },
    });
  return row;
}

function userView({ id, name, role, state, breakGlass, createdAt, lastSignInAt }: User): UserView {
  return {
    id,
    name,
    role,
    state,
    breakGlass,
    createdAt: createdAt.toISOString(),
    ...(lastSignInAt ? { lastSignInAt: lastSignInAt.toISOString() } : {}),
  };
}
