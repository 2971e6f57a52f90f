import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A pairing code that was handed out. The code itself is never stored. */
@Entity({ name: 'pairing_code' })
@Index('ix_pairing_code_expires', ['expiresAt'])
export class PairingCode {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  /** What the VMA that uses it shall be called, where the administrator said so. */
  @Column({ type: 'varchar', length: 100, nullable: true }) vmaName!: string | null;
  @Column({ type: 'varchar', length: 32 }) salt!: string;
  /** HMAC-SHA-256 of the code under the salt, hex. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column({ type: 'datetime', precision: 3 }) expiresAt!: Date;
  /** Wrong codes that were tried while this one was open. */
  @Column({ type: 'int' }) tries!: number;
  @Column({ type: 'datetime', precision: 3, nullable: true }) usedAt!: Date | null;
  @Column({ type: 'varchar', length: 40, nullable: true }) usedByVmaId!: string | null;
  /** When an administrator made it void. */
  @Column({ type: 'datetime', precision: 3, nullable: true }) withdrawnAt!: Date | null;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
}
