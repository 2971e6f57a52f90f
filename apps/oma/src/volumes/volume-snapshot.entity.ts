import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type SnapshotPurpose = 'rollback' | 'test';

/** A snapshot of one volume at the target. The row, with our key, is written before the snapshot is asked for. */
@Entity({ name: 'volume_snapshot' })
@Index('ux_volume_snapshot_key', ['createKey'], { unique: true })
@Index('ix_volume_snapshot_context', ['contextId'])
export class VolumeSnapshot {
  /** `snp_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) volumeId!: string;
  /** Key of the whole set: all volumes of a context are snapshotted together. */
  @Column({ type: 'varchar', length: 64 }) setKey!: string;
  @Column({ type: 'varchar', length: 64 }) createKey!: string;
  @Column({ type: 'text', nullable: true }) ref!: string | null;
  @Column({ type: 'varchar', length: 16 }) purpose!: SnapshotPurpose;
  /** The recovery point that it holds. */
  @Column({ type: 'int' }) pointSequence!: number;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
}
