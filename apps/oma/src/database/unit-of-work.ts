import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { isDeadlock } from './driver-errors.js';

const ATTEMPTS = 4;

/** One business fact is one transaction: state, job log and outbox together. */
@Injectable()
export class UnitOfWork {
  constructor(private readonly database: DataSource) {}

  /**
   * Runs `body` in a transaction; runs it again when the engine chose it as the victim of a deadlock.
   * Inside use only the manager that is handed in, and never wait for anything but the database.
   */
  async run<T>(body: (manager: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await transact(this.database, body);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isDeadlock(error)) throw error;
      }
    }
  }
}

/**
 * A row that this transaction has locked shows what others did to it before: MariaDB's own default would go on
 * showing what was there at the first read. SQLite has one writer, and knows no such choice.
 */
function transact<T>(database: DataSource, body: (manager: EntityManager) => Promise<T>): Promise<T> {
  const isSqlite = database.options.type === 'better-sqlite3';
  return isSqlite ? database.transaction(body) : database.transaction('READ COMMITTED', body);
}
