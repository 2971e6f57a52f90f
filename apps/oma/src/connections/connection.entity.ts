import { Column, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { Stamped } from '../database/stamped.js';

/** A configured plugin: a vCenter, a CloudStack zone, a QEMU host. */
@Entity({ name: 'connection' })
@Index('ux_connection_name', ['name'], { unique: true })
export class Connection extends Stamped {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 100 }) name!: string;
  @Column({ type: 'varchar', length: 8 }) kind!: 'source' | 'target';
  @Column({ type: 'varchar', length: 64 }) pluginId!: string;
  @Column({ type: 'varchar', length: 40, nullable: true }) vmaId!: string | null;
  /** Everything but the secrets. */
  @Column({ type: 'json' }) settings!: Record<string, unknown>;
  /** Sealed secrets by their dotted path. */
  @Column({ type: 'json' }) secrets!: Record<string, string>;
  @VersionColumn() version!: number;
}
