import { auditHash, type AuditAction, type AuditOutcome } from '@ossea/api-contract';
import { redact, redactDeep } from '@ossea/errors';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { currentActor, currentRequest } from '../http/request-context.js';
import { AuditEventRow, AuditHeadRow } from './audit.entities.js';
import { auditView } from './audit-view.js';

/** The one row of the chain's head. */
export const HEAD_ID = 1;
/** Of a detail as JSON; what is more is left out. */
const DETAIL_CHARS = 4_000;

export interface AuditEntry {
  readonly action: AuditAction;
  /** What it happened to. */
  readonly subject: { readonly type: string; readonly id: string };
  /** For people; values under names like `password` are masked, and no more than 4000 characters are kept. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** `done` unless told. */
  readonly outcome?: AuditOutcome;
}

/** The audit log's door: who did what, in the transaction that did it. */
@Injectable()
export class AuditTrail {
  /**
   * Adds a row with the manager of the transaction that makes the change: both are there, or none is. Who, from where,
   * and in which request is known here. Call it last: the chain's end is locked until the transaction ends.
   * A refusal changes nothing, so it has a transaction of its own.
   */
  async append(manager: EntityManager, entry: AuditEntry): Promise<void> {
    const heads = manager.getRepository(AuditHeadRow);
    const isMariaDb = manager.dataSource.options.type === 'mariadb';
    const head = await heads.findOneOrFail({
      where: { id: HEAD_ID },
      ...(isMariaDb ? { lock: { mode: 'pessimistic_write' as const } } : {}),
    });
    const row = rowOf(entry, head);
    row.hash = await auditHash(auditView(row));
    await manager.getRepository(AuditEventRow).insert(row as never);
    await heads.update({ id: HEAD_ID }, { seq: row.seq, hash: row.hash });
  }
}

function rowOf({ action, subject, detail, outcome = 'done' }: AuditEntry, head: AuditHeadRow): AuditEventRow {
  const actor = currentActor();
  const request = currentRequest();
  return {
    seq: head.seq + 1,
    id: newId('aud'),
    at: new Date(),
    actorKind: actor.kind,
    actorName: words(actor.name, 100),
    actorId: actor.id === undefined ? null : words(actor.id, 64),
    address:
      request?.address === undefined ? null : words(request.address.replace(/^::ffff:(?=\d+\.)/, ''), 64),
    action,
    subjectType: words(subject.type, 32),
    subjectId: words(subject.id, 191),
    detail: detail === undefined ? null : bounded(detail),
    correlationId: request === undefined ? null : words(request.correlationId, 64),
    outcome,
    previousHash: head.hash,
    hash: '',
  };
}

/** A text as every database gives it back: no control characters, no half characters, no blanks at its end. */
function words(text: string, length: number): string {
  return wellFormed(
    redact(text)
      .replace(/\p{Cc}/gu, ' ')
      .slice(0, length),
  ).trimEnd();
}

/** Half a character becomes a replacement character, as it would on its way into a database. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString('utf8');
}

function bounded(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const clean = redactDeep(
    JSON.parse(
      JSON.stringify(detail, (_name, value: unknown) =>
        typeof value === 'string' ? wellFormed(value) : value,
      ),
    ),
  ) as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  let left = DETAIL_CHARS;
  for (const [name, value] of Object.entries(clean)) {
    left -= JSON.stringify([name, value]).length;
    if (left < 0) return { ...kept, truncated: true };
    kept[name] = value;
  }
  return kept;
}
