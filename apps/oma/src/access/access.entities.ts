import type { Permission, Role, SessionKind } from '@ossea/api-contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { Stamped } from '../database/stamped.js';

/** A person or a program. */
@Entity({ name: 'app_user' })
@Index('ux_app_user_name', ['name'], { unique: true })
export class User extends Stamped {
  /** `usr_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  /** In small letters. */
  @Column({ type: 'varchar', length: 64 }) name!: string;
  @Column({ type: 'varchar', length: 24 }) role!: Role;
  @Column({ type: 'varchar', length: 16 }) state!: 'active' | 'disabled';
  /** Argon2id in its usual form, which names its own cost; a service has none. */
  @Column({ type: 'varchar', length: 255, nullable: true }) passwordHash!: string | null;
  /** The administrator of the set-up: cannot be removed, disabled or demoted. */
  @Column({ type: 'boolean' }) breakGlass!: boolean;
  @Column({ type: 'datetime', precision: 3, nullable: true }) lastSignInAt!: Date | null;
}

/** Somebody who is signed in. Its secret is stored as a hash only. */
@Entity({ name: 'access_session' })
@Index('ux_access_session_hash', ['hash'], { unique: true })
@Index('ix_access_session_user', ['userId'])
export class Session {
  /** `ses_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) userId!: string;
  @Column({ type: 'varchar', length: 16 }) kind!: SessionKind;
  /** SHA-256 of the secret, hex. It is 256 random bits, so nothing slower is needed. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column({ type: 'varchar', length: 64 }) address!: string;
  @Column({ type: 'varchar', length: 200 }) userAgent!: string;
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
  /** When the password was given last. */
  @Column({ type: 'datetime', precision: 3 }) authenticatedAt!: Date;
  @Column({ type: 'datetime', precision: 3 }) lastUsedAt!: Date;
  @Column({ type: 'datetime', precision: 3 }) expiresAt!: Date;
}

/** What a program comes with. The token itself is never stored. */
@Entity({ name: 'api_token' })
@Index('ux_api_token_hash', ['hash'], { unique: true })
@Index('ix_api_token_user', ['userId'])
export class ApiToken {
  /** `tok_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) userId!: string;
  @Column({ type: 'varchar', length: 100 }) name!: string;
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column({ type: 'json' }) scopes!: Permission[];
  @Column({ type: 'datetime', precision: 3 }) createdAt!: Date;
  @Column({ type: 'datetime', precision: 3, nullable: true }) expiresAt!: Date | null;
  @Column({ type: 'datetime', precision: 3, nullable: true }) lastUsedAt!: Date | null;
}

/** A network from which a user has signed in before: attempts from elsewhere never slow it down. */
@Entity({ name: 'familiar_network' })
export class FamiliarNetwork {
  @PrimaryColumn({ type: 'varchar', length: 40 }) userId!: string;
  @PrimaryColumn({ type: 'varchar', length: 64 }) network!: string;
  @Column({ type: 'datetime', precision: 3 }) lastAt!: Date;
}

export const ACCESS_ENTITIES = [User, Session, ApiToken, FamiliarNetwork] as const;
