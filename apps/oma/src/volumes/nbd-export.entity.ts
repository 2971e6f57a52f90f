import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An export that must exist on a VMA's storage daemon. The daemon is made to equal these rows, never the other way. */
@Entity({ name: 'nbd_export' })
@Index('ux_nbd_export_volume', ['volumeId'], { unique: true })
@Index('ix_nbd_export_vma', ['vmaId'])
export class NbdExport {
  /** `exp_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  /** `vol-<uuid>`, the name a client asks for. */
  @Column({ type: 'varchar', length: 64 }) name!: string;
  @Column({ type: 'varchar', length: 40 }) volumeId!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 64 }) vmaId!: string;
  @Column({ type: 'varchar', length: 8 }) what!: 'volume' | 'delta';
  @Column({ type: 'varchar', length: 40, nullable: true }) deltaId!: string | null;
  /** Epoch of the lease it stands for. */
  @Column({ type: 'int' }) epoch!: number;
  @Column({ type: 'boolean' }) writable!: boolean;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
}
