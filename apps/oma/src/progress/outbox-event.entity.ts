import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A domain fact, written in the transaction that made it true and delivered after the commit. */
@Entity({ name: 'outbox_event' })
@Index('ix_outbox_event_delivered', ['deliveredAt'])
export class OutboxEvent {
  @PrimaryGeneratedColumn({ type: 'int' }) seq!: number;
  @Column({ type: 'varchar', length: 48 }) type!: string;
  @Column({ type: 'varchar', length: 191 }) subject!: string;
  @Column({ type: 'varchar', length: 64, nullable: true }) correlationId!: string | null;
  @Column({ type: 'json' }) data!: Record<string, unknown>;
  @Column({ type: 'datetime', precision: 3 }) at!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) deliveredAt!: Date | null;
}
