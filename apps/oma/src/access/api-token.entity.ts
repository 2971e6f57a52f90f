import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who may call. The token itself is never stored. */
@Entity({ name: 'api_token' })
@Index('ux_api_token_hash', ['hash'], { unique: true })
export class ApiToken {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 100 }) name!: string;
  /** SHA-256 of the token, hex. A token is 256 random bits, so nothing slower is needed. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) expiresAt!: Date | null;
}
