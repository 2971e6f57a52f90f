import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';

export type CycleKind = 'full' | 'incremental';
export type CycleState = 'running' | 'sealed' | 'failed' | 'cancelled';

/** One pass over all disks of a VM. `sequence` is the recovery point it makes when it is sealed. */
@Entity({ name: 'cycle' })
@Index('ix_cycle_context', ['contextId', 'sequence'])
export class Cycle {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) jobId!: string;
  @Column({ type: 'varchar', length: 64 }) correlationId!: string;
  @Column({ type: 'int' }) sequence!: number;
  /** `full` when any disk was copied in full. */
  @Column({ type: 'varchar', length: 16 }) kind!: CycleKind;
  @Column({ type: 'varchar', length: 16 }) state!: CycleState;
  /** Bytes that had to be moved or zeroed. */
  @Column({ type: 'bigint', transformer: safeBigint }) bytesChanged!: number;
  /** Bytes that were written as data. */
  @Column({ type: 'bigint', transformer: safeBigint }) bytesMoved!: number;
  /** Bytes that the journal of an earlier try covered. */
  @Column({ type: 'bigint', transformer: safeBigint }) bytesResumed!: number;
  @Column({ type: 'bigint', transformer: safeBigint }) durationMs!: number;
  @Column({ type: 'datetime', precision: 3 }) startedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) endedAt!: Date | null;
}
