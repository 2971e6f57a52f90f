import { Mutex, withTimeout, type MutexInterface } from 'async-mutex';
import type { DataSource } from 'typeorm';
import type { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';

const LOCK_TIMEOUT_MS = 10_000;

type Query = BetterSqlite3QueryRunner['query'];

/**
 * Gives every caller its own query runner on the one SQLite connection, with a first-in-first-out lock, so that a
 * transaction owns the connection until it ends. TypeORM's driver shares one runner: concurrent transactions mix,
 * and commits are lost (typeorm/typeorm#1884).
 */
export function serializeSqlite(database: DataSource): DataSource {
  if (database.options.type !== 'better-sqlite3') return database;
  // A query outside the open transaction waits for it. One issued INSIDE a transaction callback
  // through another manager would wait for ever: bound the wait and say so.
  const mutex = withTimeout(
    new Mutex(),
    LOCK_TIMEOUT_MS,
    new Error(
      'sqlite: waited 10 s for the open transaction; inside a transaction use only its EntityManager',
    ),
  );

  class SerializedRunner extends BetterSqlite3QueryRunner {
    private held: MutexInterface.Releaser | undefined;

    override async startTransaction(
      level?: Parameters<BetterSqlite3QueryRunner['startTransaction']>[0],
    ): Promise<void> {
      if (!this.held) this.held = await mutex.acquire();
      try {
        await super.startTransaction(level);
      } catch (error) {
        this.unlock();
        throw error;
      }
    }

    override async commitTransaction(): Promise<void> {
      await super.commitTransaction();
      this.unlock();
    }

    override async rollbackTransaction(): Promise<void> {
      try {
        await super.rollbackTransaction();
      } finally {
        this.unlock();
      }
    }

    override async release(): Promise<void> {
      if (this.isTransactionActive) await super.rollbackTransaction();
      this.unlock();
      await super.release();
    }

    override query(...[sql, parameters = [], structured = false]: Parameters<Query>): ReturnType<Query> {
      if (this.held) return super.query(sql, parameters, structured);
      return mutex.runExclusive(() => super.query(sql, parameters, structured));
    }

    private unlock(): void {
      if (this.isTransactionActive || !this.held) return; // a savepoint ended, or nothing is held
      const release = this.held;
      this.held = undefined;
      release();
    }
  }

  const driver = database.driver as BetterSqlite3Driver;
  driver.createQueryRunner = () => new SerializedRunner(driver);
  return database;
}
