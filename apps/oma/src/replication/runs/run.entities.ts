import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One walk through an itinerary. A retry after a fault, and a resume after a crash, go on with the same row;
 * the next cycle gets a new one.
 */
@Entity({ name: 'engine_run' })
@Index('ix_engine_run_subject', ['subjectId'])
export class EngineRun {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  /** The VM context or the failover run whose facts this run reads and writes. */
  @Column({ type: 'varchar', length: 40 }) subjectId!: string;
  /** The VM, whichever run of it this is: runs of one VM may have to yield to each other. */
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) jobId!: string;
  @Column({ type: 'varchar', length: 32 }) itinerary!: string;
  /** The process that may write; another one takes over by changing this. */
  @Column({ type: 'varchar', length: 64 }) ownerId!: string;
  @Column({ type: 'json' }) finishedLegs!: number[];
  @Column({ type: 'json', nullable: true }) fault!: Record<string, unknown> | null;
  /** `running` until it has ended; a resumer looks for these. */
  @Column({ type: 'varchar', length: 16 }) state!: 'running' | 'succeeded' | 'faulted' | 'cancelled';
  @Column({ type: 'datetime', precision: 3 }) startedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;
}

/** What we have learnt about one subject; the steps' only way to talk to each other. */
@Entity({ name: 'fact_sheet' })
export class FactSheet {
  @PrimaryColumn({ type: 'varchar', length: 40 }) subjectId!: string;
  @Column({ type: 'json' }) findings!: Record<string, unknown>;
}

/** One thing we own, or owe, on someone else's platform. Written before we ask for it. */
@Entity({ name: 'ledger_entry' })
@Index('ix_ledger_entry_subject', ['subjectId'])
@Index('ix_ledger_entry_context', ['contextId'])
export class LedgerEntry {
  /** The idempotency key the platform was given. */
  @PrimaryColumn({ type: 'varchar', length: 64 }) key!: string;
  @Column({ type: 'varchar', length: 40 }) subjectId!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) runId!: string;
  @Column({ type: 'varchar', length: 32 }) resource!: string;
  @Column({ type: 'varchar', length: 16 }) state!: 'claimed' | 'held' | 'released' | 'handed-over';
  /** `{ value }`: wrapped, because a JSON column must hold an object on both engines. */
  @Column({ type: 'json', nullable: true }) ref!: { value: unknown } | null;
  @Column({ type: 'datetime', precision: 3 }) claimedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;
}
