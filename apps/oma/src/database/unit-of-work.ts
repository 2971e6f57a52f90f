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
        return await this.database.transaction(body);
      } catch (error) {
        if (attempt >= ATTEMPTS || !isDeadlock(error)) throw error;
      }
    }
  }
}
