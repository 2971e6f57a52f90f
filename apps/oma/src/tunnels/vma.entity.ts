import type { VmaState } from '@ossea/api-contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { Stamped } from '../database/stamped.js';

/** A VMA that asked to be trusted, and what was decided. The row stays for ever: a revoked key is never trusted again. */
@Entity({ name: 'vma' })
@Index('ux_vma_public_key', ['publicKey'], { unique: true })
@Index('ux_vma_agent_port', ['agentPort'], { unique: true })
@Index('ux_vma_nbd_port', ['nbdPort'], { unique: true })
export class Vma extends Stamped {
  /** `vma_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 100 }) name!: string;
  @Column({ type: 'varchar', length: 16 }) state!: VmaState;
  /** `ssh-ed25519 AAAA…`, in the one form that is compared. */
  @Column({ type: 'varchar', length: 120 }) publicKey!: string;
  /** `SHA256:…`, what people compare. */
  @Column({ type: 'varchar', length: 64 }) fingerprint!: string;
  /** The release it runs, as it says. */
  @Column({ type: 'varchar', length: 40, nullable: true }) version!: string | null;
  /** Its agent's port on our loopback; kept while it is approved, so that it is the same after every restart. */
  @Column({ type: 'int', nullable: true }) agentPort!: number | null;
  /** What its storage daemon is reached at on our loopback, where OpenSSH serves the tunnel; kept likewise. */
  @Column({ type: 'int', nullable: true }) nbdPort!: number | null;
  /** When it asked, last: an undecided request expires. */
  @Column({ type: 'datetime', precision: 3 }) requestedAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) decidedAt!: Date | null;
  @Column({ type: 'datetime', precision: 3, nullable: true }) lastSeenAt!: Date | null;
}
