import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';

/**
 * What a sealed cycle leaves on the target: all disks of the VM at one moment.
 * The row, its disks with their change tokens, and the deltas' state `sealed` are written in ONE transaction,
 * after every write was acknowledged, flushed and synced. A token that got ahead of the bytes would make
 * the next incremental cycle skip data that never arrived.
 */
@Entity({ name: 'recovery_point' })
@Index('ux_recovery_point_sequence', ['contextId', 'sequence'], { unique: true })
export class RecoveryPoint {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 40 }) cycleId!: string;
  @Column({ type: 'int' }) sequence!: number;
  /** The target's generation this point belongs to; raised by whatever writes the target outside replication. */
  @Column({ type: 'int' }) generation!: number;
  @Column({ type: 'varchar', length: 16 }) kind!: 'full' | 'incremental';
  @Column({ type: 'datetime', precision: 3 }) sealedAt!: Date;
  /** When all of it had been folded into the volumes. */
  @Column({ type: 'datetime', precision: 3, nullable: true }) foldedAt!: Date | null;
  /** Clusters re-read at the target and equal to what was read at the source, by the latest verification. */
  @Column({ type: 'bigint', transformer: safeBigint }) verifiedClusters!: number;
  @Column({ type: 'datetime', precision: 3, nullable: true }) verifiedAt!: Date | null;
  /** `guest-flushed`, or `crash`: what a power failure would have left. Points of earlier releases do not say. */
  @Column({ type: 'varchar', length: 16, nullable: true }) consistency!: 'guest-flushed' | 'crash' | null;
  @Column({ type: 'text', nullable: true }) consistencyNote!: string | null;
}

/** Identity and token of one disk as of the point: an incremental cycle needs every field to match. */
@Entity({ name: 'recovery_point_disk' })
@Index('ux_recovery_point_disk', ['pointId', 'diskKey'], { unique: true })
export class RecoveryPointDisk {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) pointId!: string;
  @Column({ type: 'varchar', length: 191 }) diskKey!: string;
  @Column({ type: 'varchar', length: 40 }) volumeId!: string;
  @Column({ type: 'varchar', length: 191 }) hostId!: string;
  @Column({ type: 'varchar', length: 191 }) vmId!: string;
  @Column({ type: 'text' }) backing!: string;
  @Column({ type: 'bigint', transformer: safeBigint }) sizeBytes!: number;
  @Column({ type: 'text', nullable: true }) changeToken!: string | null;
  @Column({ type: 'varchar', length: 16 }) kind!: 'full' | 'incremental';
  /** Why the disk was copied in full, or that nothing stood against an incremental cycle. */
  @Column({ type: 'text' }) reason!: string;
  /** The source's own words about it. */
  @Column({ type: 'text', nullable: true }) because!: string | null;
  @Column({ type: 'bigint', transformer: safeBigint }) bytesMoved!: number;
  @Column({ type: 'bigint', transformer: safeBigint }) bytesChanged!: number;
}
