import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The right to read or write one disk. The newest epoch of a volume fences every older one. */
@Entity({ name: 'disk_lease' })
@Index('ux_disk_lease_epoch', ['volumeId', 'epoch'], { unique: true })
export class DiskLease {
  /** `lea_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) volumeId!: string;
  @Column({ type: 'int' }) epoch!: number;
  @Column({ type: 'varchar', length: 8 }) mode!: 'read' | 'write';
  /** Who holds it: a VMA or a job. */
  @Column({ type: 'varchar', length: 64 }) holder!: string;
  @Column({ type: 'datetime', precision: 3 }) grantedAt!: Date;
  @Column({ type: 'datetime', precision: 3 }) renewedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) releasedAt!: Date | null;
}
