import type { TunnelDirection, TunnelState } from '@ossea/api-contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A tunnel has become something else. Kept for a while; see `TunnelHistory`. */
@Entity({ name: 'tunnel_event' })
@Index('ix_tunnel_event_vma', ['vmaId', 'id'])
export class TunnelEventRow {
  /** `tev_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) vmaId!: string;
  @Column({ type: 'datetime', precision: 3 }) at!: Date;
  @Column({ type: 'varchar', length: 16 }) state!: TunnelState;
  @Column({ type: 'text' }) because!: string;
  /** The direction that made it so, where it was one alone. */
  @Column({ type: 'varchar', length: 8, nullable: true }) direction!: TunnelDirection | null;
  /** Of the slower direction, by the last probes that were answered. */
  @Column({ type: 'int', nullable: true }) rttMs!: number | null;
}
