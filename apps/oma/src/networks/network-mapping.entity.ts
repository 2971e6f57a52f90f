import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { VmContext } from '../discovery/vm-context.entity.js';

/** Where the NICs on one source network go, in a live and in a test failover. */
@Entity({ name: 'network_mapping' })
@Index('ux_network_mapping_source', ['contextId', 'sourceNetwork'], { unique: true })
export class NetworkMapping {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 191 }) sourceNetwork!: string;
  @Column({ type: 'varchar', length: 191, nullable: true }) liveNetwork!: string | null;
  @Column({ type: 'varchar', length: 191, nullable: true }) testNetwork!: string | null;

  @ManyToOne(() => VmContext, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'contextId', foreignKeyConstraintName: 'fk_network_mapping_context' })
  context!: Relation<VmContext>;
}
