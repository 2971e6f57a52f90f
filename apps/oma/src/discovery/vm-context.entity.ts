import type { CycleSummary, SourceDisk, SourceMachine } from '@ossea/api-contract';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  VersionColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { Connection } from '../connections/connection.entity.js';
import { safeBigint } from '../database/safe-bigint.js';
import { Stamped } from '../database/stamped.js';

/** With the disks' details, which have no columns of their own; rows of earlier releases have none. */
export type MachineFacts = SourceMachine & {
  readonly disks?: readonly Pick<SourceDisk, 'key' | 'storage' | 'provisioning' | 'controller'>[];
};

/**
 * Our record of one source VM under management: the row everything else hangs on.
 * Volumes, recovery points, jobs and audit refer to it without a foreign key, because they outlive it.
 */
@Entity({ name: 'vm_context' })
@Index('ux_vm_context_managed', ['managedKey'], { unique: true })
@Index('ix_vm_context_source', ['sourceConnectionId'])
@Index('ix_vm_context_target', ['targetConnectionId'])
export class VmContext extends Stamped {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 255 }) name!: string;
  @Column({ type: 'varchar', length: 40 }) sourceConnectionId!: string;
  @Column({ type: 'varchar', length: 40, nullable: true }) targetConnectionId!: string | null;
  @Column({ type: 'varchar', length: 40, nullable: true }) vmaId!: string | null;
  @Column({ type: 'varchar', length: 191 }) sourceVmId!: string;
  /** Connection and VM; empty once the VM is no longer ours, so that it can be added again. */
  @Column({ type: 'varchar', length: 240, nullable: true }) managedKey!: string | null;
  /** A state of `CONTEXT_MACHINE`. */
  @Column({ type: 'varchar', length: 32 }) state!: string;
  /** The working state that a fault interrupted. */
  @Column({ type: 'varchar', length: 32, nullable: true }) origin!: string | null;
  @Column({ type: 'json', nullable: true }) placement!: Record<string, unknown> | null;
  /** What the source said about the machine when we last looked. */
  @Column({ type: 'json', nullable: true }) machine!: MachineFacts | null;
  /** Raised by whatever writes the target outside replication. */
  @Column({ type: 'int' }) generation!: number;
  @Column({ type: 'boolean' }) autoAdded!: boolean;
  @Column({ type: 'json', nullable: true }) lastCycle!: CycleSummary | null;
  @VersionColumn() version!: number;

  @ManyToOne(() => Connection, { nullable: false, onDelete: 'NO ACTION' })
  @JoinColumn({ name: 'sourceConnectionId', foreignKeyConstraintName: 'fk_vm_context_source' })
  source!: Relation<Connection>;

  @ManyToOne(() => Connection, { nullable: true, onDelete: 'NO ACTION' })
  @JoinColumn({ name: 'targetConnectionId', foreignKeyConstraintName: 'fk_vm_context_target' })
  target!: Relation<Connection> | null;

  @OneToMany(() => VmDisk, (disk) => disk.context)
  disks!: Relation<VmDisk>[];
}

/** One disk of the source VM, identified by its key and backing, never by its index or label. */
@Entity({ name: 'vm_disk' })
@Index('ux_vm_disk_key', ['contextId', 'diskKey'], { unique: true })
export class VmDisk {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 191 }) diskKey!: string;
  @Column({ type: 'text' }) backing!: string;
  @Column({ type: 'varchar', length: 255 }) label!: string;
  @Column({ type: 'bigint', transformer: safeBigint }) sizeBytes!: number;
  @Column({ type: 'boolean' }) boot!: boolean;
  /** Where it stands among the source's disks, for people. */
  @Column({ type: 'int' }) position!: number;
  @Column({ type: 'varchar', length: 255, nullable: true }) volumeRef!: string | null;

  @ManyToOne(() => VmContext, (context) => context.disks, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'contextId', foreignKeyConstraintName: 'fk_vm_disk_context' })
  context!: Relation<VmContext>;
}
