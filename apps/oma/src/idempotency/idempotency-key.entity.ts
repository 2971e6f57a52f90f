import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The answer to a request that carried an `Idempotency-Key`, so that a repeat gets the same one. */
@Entity({ name: 'idempotency_key' })
@Index('ix_idempotency_key_created', ['createdAt'])
export class IdempotencyKey {
  /** SHA-256 of caller, route and key. */
  @PrimaryColumn({ type: 'varchar', length: 64 }) id!: string;
  /** SHA-256 of the body, to tell another request under the same key. */
  @Column({ type: 'varchar', length: 64 }) requestHash!: string;
  /** The process that is answering it; an answer that a crash cut off is not waited for. */
  @Column({ type: 'varchar', length: 96 }) ownerId!: string;
  /** Absent while the first request is being answered. */
  @Column({ type: 'json', nullable: true }) answer!: StoredAnswer | null;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
}

export interface StoredAnswer {
  readonly status: number;
  readonly location?: string;
  readonly body: unknown;
}
