import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Folding is paused for a context: its volumes stay at one recovery point while cycles go on into deltas. */
@Entity({ name: 'volume_hold' })
@Index('ux_volume_hold_run', ['contextId', 'runId'], { unique: true })
export class VolumeHold {
  /** `hold_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 64 }) runId!: string;
  @Column({ type: 'varchar', length: 191 }) reason!: string;
  /** The recovery point that the volumes hold. Absent until what was sealed is folded. */
  @Column({ type: 'int', nullable: true }) pointSequence!: number | null;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
}
