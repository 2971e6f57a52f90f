import { FACTS, type FactType, type FeedData } from '@ossea/api-contract';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource, In, IsNull, LessThan, type EntityManager } from 'typeorm';
import { OutboxEvent } from './outbox-event.entity.js';

const BATCH = 200;
const KEEP_MS = 24 * 3_600_000;
/** For what another process, or a crash between commit and delivery, left behind. */
const SWEEP_EVERY_MS = 5_000;

/** A fact whose transaction has been committed. */
export interface CommittedFact<T extends FactType = FactType> {
  readonly id: string;
  readonly type: T;
  readonly subject: string;
  readonly correlationId?: string;
  readonly at: Date;
  readonly data: FeedData<T>;
}

export type FactListener = (fact: CommittedFact) => void;

/** Domain facts: written in the transaction that made them true, told to listeners in order after its commit. */
@Injectable()
export class Outbox implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Outbox.name);
  private readonly listeners = new Set<FactListener>();
  private delivering: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(private readonly database: DataSource) {}

  onModuleInit(): void {
    // Commits are awaited with the connection in hand: look only after the commit has let go of it.
    this.database.subscribers.push({
      afterTransactionCommit: () => {
        setImmediate(() => this.deliverSoon());
      },
    });
    this.sweeper = setInterval(() => this.deliverSoon(), SWEEP_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearInterval(this.sweeper);
    await this.delivering;
  }

  /**
   * Writes a fact with the manager of the transaction that makes it true.
   * @param subject the id of what changed.
   */
  async append<T extends FactType>(
    manager: EntityManager,
    type: T,
    subject: string,
    data: FeedData<T>,
    correlationId?: string,
  ): Promise<void> {
    const checked = FACTS[type].parse(data) as Record<string, unknown>;
    const events = manager.getRepository(OutboxEvent);
    await events.save(
      events.create({
        type,
        subject,
        correlationId: correlationId ?? null,
        data: checked,
        at: new Date(),
        deliveredAt: null,
      }),
    );
  }

  /** Tells of every committed fact from now on. Gives the function that ends it. */
  onFact(listener: FactListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private deliverSoon(): void {
    if (this.closed) return;
    if (this.delivering) {
      this.again = true;
      return;
    }
    this.delivering = this.deliver()
      .catch((error: unknown) => this.logger.warn(`Facts are delivered later: ${String(error)}`))
      .finally(() => {
        this.delivering = undefined;
        if (this.again) {
          this.again = false;
          this.deliverSoon();
        }
      });
  }

  private async deliver(): Promise<void> {
    const events = this.database.getRepository(OutboxEvent);
    for (;;) {
      const batch = await events.find({
        where: { deliveredAt: IsNull() },
        order: { seq: 'ASC' },
        take: BATCH,
      });
      if (batch.length === 0) return;
      // marked first: a listener never hears of a fact twice from one process
      await events.update({ seq: In(batch.map(({ seq }) => seq)) }, { deliveredAt: new Date() });
      for (const event of batch) this.tell(event);
      if (batch.some(({ seq }) => seq % 1_000 === 0))
        await events.delete({ deliveredAt: LessThan(new Date(Date.now() - KEEP_MS)) });
      if (batch.length < BATCH) return;
    }
  }

  private tell(event: OutboxEvent): void {
    const fact = {
      id: `evt_${event.seq}`,
      type: event.type as FactType,
      subject: event.subject,
      ...(event.correlationId === null ? {} : { correlationId: event.correlationId }),
      at: event.at,
      data: event.data as FeedData<FactType>,
    };
    for (const listener of this.listeners) {
      try {
        listener(fact);
      } catch (error) {
        this.logger.error(`A listener failed on ${event.type}: ${String(error)}`);
      }
    }
  }
}
