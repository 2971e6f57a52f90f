import type { AuditEvent } from '@ossea/api-contract';
import type { AuditEventRow } from './audit.entities.js';

/** A row as it is shown, exported and hashed. */
export function auditView(row: AuditEventRow): AuditEvent {
  const { seq, id, at, actorKind, actorName, action, subjectType, subjectId, outcome } = row;
  return {
    seq,
    id,
    at: at.toISOString(),
    actorKind,
    actorName,
    ...present({ actorId: row.actorId, address: row.address }),
    action,
    subjectType,
    subjectId,
    ...present({ detail: row.detail, correlationId: row.correlationId }),
    outcome,
    previousHash: row.previousHash,
    hash: row.hash,
  };
}

/** Without what is null. */
function present<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
