import type { LogLevel, Problem, StepState } from '@ossea/api-contract';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { Job } from './job.entity.js';

/** One part of a job, in the order it began. A step that is tried again is a new row. */
@Entity({ name: 'job_step' })
@Index('ux_job_step_seq', ['jobId', 'seq'], { unique: true })
export class JobStep {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) jobId!: string;
  @Column({ type: 'int' }) seq!: number;
  @Column({ type: 'varchar', length: 64 }) name!: string;
  @Column({ type: 'varchar', length: 255 }) label!: string;
  @Column({ type: 'varchar', length: 16 }) state!: StepState;
  @Column({ type: 'double' }) percent!: number;
  @Column({ type: 'json', nullable: true }) problem!: Problem | null;
  @Column({ type: 'json', nullable: true }) detail!: Record<string, unknown> | null;
  @Column({ type: 'datetime', precision: 3 }) startedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;

  @ManyToOne(() => Job, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'jobId', foreignKeyConstraintName: 'fk_job_step_job' })
  job!: Relation<Job>;
}

/** One line of a job's log. */
@Entity({ name: 'log_event' })
@Index('ix_log_event_job', ['jobId'])
export class LogEvent {
  @PrimaryGeneratedColumn({ type: 'int' }) seq!: number;
  @Column({ type: 'varchar', length: 40 }) jobId!: string;
  @Column({ type: 'varchar', length: 64, nullable: true }) step!: string | null;
  @Column({ type: 'varchar', length: 8 }) level!: LogLevel;
  @Column({ type: 'text' }) message!: string;
  @Column({ type: 'json', nullable: true }) attributes!: Record<string, unknown> | null;
  @Column({ type: 'datetime', precision: 3 }) at!: Date;

  @ManyToOne(() => Job, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'jobId', foreignKeyConstraintName: 'fk_log_event_job' })
  job!: Relation<Job>;
}
