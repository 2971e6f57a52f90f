import type { JobCategory, JobState, Problem } from '@ossea/api-contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';

/** A durable run of a business operation. It outlives the VM context and the process that runs it. */
@Entity({ name: 'job' })
@Index('ix_job_state', ['state'])
@Index('ix_job_context', ['contextId'])
@Index('ux_job_lane', ['lane'], { unique: true })
export class Job {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) kind!: string;
  @Column({ type: 'varchar', length: 16 }) category!: JobCategory;
  @Column({ type: 'varchar', length: 40, nullable: true }) contextId!: string | null;
  @Column({ type: 'varchar', length: 40, nullable: true }) parentId!: string | null;
  @Column({ type: 'varchar', length: 16 }) state!: JobState;
  /** Held while the job has not ended: of two jobs in one lane the second is refused by the database. */
  @Column({ type: 'varchar', length: 80, nullable: true }) lane!: string | null;
  @Column({ type: 'varchar', length: 64 }) correlationId!: string;
  @Column({ type: 'varchar', length: 64 }) requestedBy!: string;
  /** What a resumer needs to go on with it. */
  @Column({ type: 'json' }) input!: Record<string, unknown>;
  @Column({ type: 'double' }) percent!: number;
  @Column({ type: 'json', nullable: true }) problem!: Problem | null;
  @Column({ type: 'json', nullable: true }) result!: Record<string, unknown> | null;
  @Column({ type: 'datetime', precision: 3, nullable: true }) cancelRequestedAt!: Date | null;
  /** The process that may write, and until when unless it says otherwise. */
  @Column({ type: 'varchar', length: 96, nullable: true }) ownerId!: string | null;
  @Column({ type: 'bigint', transformer: safeBigint, nullable: true }) leaseUntilMs!: number | null;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) startedAt!: Date | null;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;
}
