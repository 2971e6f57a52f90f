import { Column, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';
import { Stamped } from '../database/stamped.js';

/** Each state is stored before what it names begins, so that a crash is found by the row. */
export type DeltaState = 'receiving' | 'sealed' | 'folding' | 'folded';

/** A qcow2 file without a backing file that holds the changed clusters of one disk for one cycle. */
@Entity({ name: 'delta' })
@Index('ux_delta_sequence', ['volumeId', 'sequence'], { unique: true })
@Index('ix_delta_context', ['contextId', 'state'])
export class Delta extends Stamped {
  /** `del_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) volumeId!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  /** Of the cycle, and of the recovery point it becomes. */
  @Column({ type: 'int' }) sequence!: number;
  /** Relative to the spool, so that the spool can be moved to an heir. */
  @Column({ type: 'varchar', length: 191 }) path!: string;
  @Column({ type: 'varchar', length: 16 }) state!: DeltaState;
  /** The virtual size: that of the source disk, in bytes. */
  @Column({ type: 'bigint', transformer: safeBigint }) sizeBytes!: number;
  /** The file stays after its fold, for the way back from a failover. */
  @Column({ type: 'boolean' }) kept!: boolean;
  /** Its clusters did not equal the journal: it is never sealed, and the next opening discards it. */
  @Column({ type: 'boolean' }) rejected!: boolean;
  @VersionColumn() version!: number;
  @Column({ type: 'datetime', precision: 3, nullable: true }) sealedAt!: Date | null;
  @Column({ type: 'datetime', precision: 3, nullable: true }) foldedAt!: Date | null;
}
