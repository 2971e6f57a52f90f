import { Injectable } from '@nestjs/common';
import type { AuditExportQuery, AuditListQuery, AuditPage } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { AuditEventRow } from './audit.entities.js';
import { auditView } from './audit-view.js';

const EXPORT_ROWS = 500;

/** Reads the audit log. */
@Injectable()
export class AuditLog {
  constructor(private readonly database: DataSource) {}

  /** Newest first. */
  async list({ limit, cursor, actor, action, subject, ...period }: AuditListQuery): Promise<AuditPage> {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
      throw new MigrationError('request.invalid', 'The cursor is not one of this list.');
    const query = this.query(period)
      .orderBy('event.seq', 'DESC')
      .take(limit + 1);
    if (cursor !== undefined) query.andWhere('event.seq < :cursor', { cursor: Number(cursor) });
    if (actor !== undefined)
      query.andWhere('(event.actorName = :actor OR event.actorId = :actor)', { actor });
    if (action !== undefined) query.andWhere('event.action = :action', { action });
    if (subject !== undefined) query.andWhere('event.subjectId = :subject', { subject });
    const rows = await query.getMany();
    const items = rows.slice(0, limit).map(auditView);
    const last = rows.length > limit ? items.at(-1)?.seq : undefined;
    return { items, page: last === undefined ? {} : { next: String(last) } };
  }

  /**
   * One row a line, oldest first, as hashes cover them. A period gives every row between its first and its last one:
   * a part of a chain without a hole, also where a clock was set back meanwhile.
   */
  async *lines(period: AuditExportQuery): AsyncGenerator<string> {
    const bounds = await this.query(period)
      .select('MIN(event.seq)', 'first')
      .addSelect('MAX(event.seq)', 'last')
      .getRawOne<{ first: number | string | null; last: number | string | null }>();
    const last = Number(bounds?.last ?? 0);
    for (let next = Number(bounds?.first ?? 1); next <= last;) {
      const rows = await this.database
        .getRepository(AuditEventRow)
        .createQueryBuilder('event')
        .where('event.seq >= :next AND event.seq <= :last', { next, last })
        .orderBy('event.seq', 'ASC')
        .take(EXPORT_ROWS)
        .getMany();
      for (const row of rows) yield `${JSON.stringify(auditView(row))}\n`;
      const end = rows.at(-1)?.seq;
      if (end === undefined) return;
      next = end + 1;
    }
  }

  private query({ from, to }: AuditExportQuery): SelectQueryBuilder<AuditEventRow> {
    const query = this.database.getRepository(AuditEventRow).createQueryBuilder('event');
    if (from !== undefined) query.andWhere('event.at >= :from', { from: momentOf(query, from) });
    if (to !== undefined) query.andWhere('event.at < :to', { to: momentOf(query, to) });
    return query;
  }
}

/** A moment as the engine's driver wants it in a parameter. */
function momentOf(query: SelectQueryBuilder<AuditEventRow>, text: string): unknown {
  const { driver } = query.connection;
  const column = query.connection.getMetadata(AuditEventRow).findColumnWithPropertyName('at');
  return column ? driver.preparePersistentValue(new Date(text), column) : text;
}
