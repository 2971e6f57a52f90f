import type { AuditActorKind, AuditOutcome } from '@ossea/api-contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';

/** One change, or one refusal. Written once, never changed; each row holds the hash of the one before. */
@Entity({ name: 'audit_event' })
@Index('ix_audit_event_at', ['at'])
@Index('ix_audit_event_subject', ['subjectId'])
export class AuditEventRow {
  /** Without a gap: a row that is missing is seen. */
  @PrimaryColumn({ type: 'bigint', transformer: safeBigint }) seq!: number;
  @Column({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'datetime', precision: 3 }) at!: Date;
  @Column({ type: 'varchar', length: 16 }) actorKind!: AuditActorKind;
  @Column({ type: 'varchar', length: 100 }) actorName!: string;
  @Column({ type: 'varchar', length: 64, nullable: true }) actorId!: string | null;
  @Column({ type: 'varchar', length: 64, nullable: true }) address!: string | null;
  @Column({ type: 'varchar', length: 64 }) action!: string;
  @Column({ type: 'varchar', length: 32 }) subjectType!: string;
  @Column({ type: 'varchar', length: 191 }) subjectId!: string;
  @Column({ type: 'json', nullable: true }) detail!: Record<string, unknown> | null;
  @Column({ type: 'varchar', length: 64, nullable: true }) correlationId!: string | null;
  @Column({ type: 'varchar', length: 8 }) outcome!: AuditOutcome;
  @Column({ type: 'varchar', length: 64 }) previousHash!: string;
  @Column({ type: 'varchar', length: 64 }) hash!: string;
}

/** Where the chain ends: one row, which every writer locks. */
@Entity({ name: 'audit_head' })
export class AuditHeadRow {
  @PrimaryColumn({ type: 'int' }) id!: number;
  @Column({ type: 'bigint', transformer: safeBigint }) seq!: number;
  @Column({ type: 'varchar', length: 64 }) hash!: string;
}

export const AUDIT_ENTITIES = [AuditEventRow, AuditHeadRow] as const;
