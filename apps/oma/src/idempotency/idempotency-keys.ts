import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { DataSource, IsNull, LessThan } from 'typeorm';
import { isUniqueViolation } from '../database/driver-errors.js';
import { ProcessOwner } from '../jobs/process-owner.js';
import { IdempotencyKey, type StoredAnswer } from './idempotency-key.entity.js';

const KEEP_MS = 24 * 3_600_000;
const CLEAN_EVERY_MS = 3_600_000;
/** An answer that another appliance has owed for so long will not come. */
const GIVE_UP_MS = 120_000;
/** Others may take the same row at the same moment; one of them always gets on. */
const ATTEMPTS = 10;

export interface KeyedRequest {
  /** SHA-256 of caller, route and key. */
  readonly id: string;
  /** SHA-256 of what is asked. */
  readonly requestHash: string;
}

/** The answers to requests that carried a key, for 24 hours. */
@Injectable()
export class IdempotencyKeys implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('idempotency');
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly owner: ProcessOwner,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.clean(), CLEAN_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /**
   * Takes the key for a request that begins.
   * @returns the answer of the first request with this key, or `undefined`: then answer it, and `keep` or `release`.
   * Throws `idempotency.in-flight` and `idempotency.reused`.
   */
  async claim({ id, requestHash }: KeyedRequest): Promise<StoredAnswer | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await this.insert({ id, requestHash })) return undefined;
      const row = await this.keys.findOneBy({ id });
      if (!row) continue;
      if (row.createdAt.getTime() < Date.now() - KEEP_MS) {
        await this.keys.delete({ id, createdAt: row.createdAt });
        continue;
      }
      if (row.requestHash !== requestHash)
        throw new MigrationError(
          'idempotency.reused',
          'This Idempotency-Key was used for a request that asked something else.',
        );
      if (row.answer) return row.answer;
      if (this.isAnswered(row)) throw inFlight();
      const taken = await this.keys.update(
        { id, ownerId: row.ownerId, answer: IsNull() },
        { ownerId: this.owner.id, createdAt: new Date() },
      );
      if (taken.affected === 1) return undefined;
    }
    throw inFlight();
  }

  /** Stores the answer for those who ask again. */
  async keep({ id }: KeyedRequest, answer: StoredAnswer): Promise<void> {
    await this.keys.update({ id, ownerId: this.owner.id }, { answer: answer as never });
  }

  /** The request came to nothing: the same key may try again. */
  async release({ id }: KeyedRequest): Promise<void> {
    await this.keys.delete({ id, ownerId: this.owner.id, answer: IsNull() });
  }

  /** Whether somebody alive is answering. Former lives of this appliance are certainly over. */
  private isAnswered({ ownerId, createdAt }: IdempotencyKey): boolean {
    if (ownerId === this.owner.id) return true;
    if (ownerId.startsWith(`${this.owner.applianceId}:`)) return false;
    return createdAt.getTime() > Date.now() - GIVE_UP_MS;
  }

  private async insert({ id, requestHash }: KeyedRequest): Promise<boolean> {
    try {
      await this.keys.insert({
        id,
        requestHash,
        ownerId: this.owner.id,
        answer: null,
        createdAt: new Date(),
      });
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  private async clean(): Promise<void> {
    try {
      await this.keys.delete({ createdAt: LessThan(new Date(Date.now() - KEEP_MS)) });
    } catch (error) {
      this.logger.warn(`Old answers are removed later: ${String(error)}`);
    }
  }

  private get keys() {
    return this.database.getRepository(IdempotencyKey);
  }
}

function inFlight(): MigrationError {
  return new MigrationError('idempotency.in-flight', 'The first request with this key is not answered yet.', {
    context: { retryAfterSeconds: 1 },
  });
}
