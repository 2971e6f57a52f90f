import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';

/** One failover, test or live, from its pre-flight to its clean-up, commit or roll-back. */
@Entity({ name: 'failover_run' })
@Index('ix_failover_run_context', ['contextId'])
export class FailoverRun {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) jobId!: string;
  @Column({ type: 'varchar', length: 8 }) kind!: 'test' | 'live';
  /** A state of the test-failover machine, or the outcome of the live one. */
  @Column({ type: 'varchar', length: 32 }) state!: string;
  /** The working state a fault interrupted. */
  @Column({ type: 'varchar', length: 32, nullable: true }) origin!: string | null;
  /** The recovery point the copies show. */
  @Column({ type: 'int', nullable: true }) pointSequence!: number | null;
  @Column({ type: 'json' }) findings!: Record<string, unknown>;
  @Column({ type: 'text', nullable: true }) machineRef!: string | null;
  @Column({ type: 'json', nullable: true }) verdict!: Record<string, unknown> | null;
  /** From the moment the source was asked to shut down to the boot verdict of the target. */
  @Column({ type: 'bigint', transformer: safeBigint, nullable: true }) downtimeMs!: number | null;
  @Column({ type: 'datetime', precision: 3 }) startedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;
}
