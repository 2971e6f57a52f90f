import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `next`: good, but not seen yet. `retired`: another one has taken its place. Neither that nor `revoked` is ever undone. */
export type VmaKeyState = 'current' | 'next' | 'retired' | 'revoked';

/** A key that a VMA has or had. The row stays for ever: a key that was given up is never trusted again. */
@Entity({ name: 'vma_key' })
@Index('ux_vma_key_public_key', ['publicKey'], { unique: true })
@Index('ix_vma_key_vma', ['vmaId'])
export class VmaKey {
  /** `vkey_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) vmaId!: string;
  /** `ssh-ed25519 AAAA…`, in the one form that is compared. */
  @Column({ type: 'varchar', length: 120 }) publicKey!: string;
  @Column({ type: 'varchar', length: 64 }) fingerprint!: string;
  @Column({ type: 'varchar', length: 16 }) state!: VmaKeyState;
  /** Since when it counts. */
  @Column({ type: 'datetime', precision: 3 }) notBefore!: Date;
  /** From then on it is refused, whatever its state: a VMA that nobody looks after locks itself out. */
  @Column({ type: 'datetime', precision: 3 }) expiresAt!: Date;
}
