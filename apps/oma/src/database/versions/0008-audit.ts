import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

/** The audit log: a chain of rows, and where it ends. */
export class Audit1764400000008 implements MigrationInterface {
  name = 'Audit1764400000008';

  async up(runner: QueryRunner): Promise<void> {
    const { varchar, bigint, int, json, date, nullable } = schemaColumns(runner);
    await runner.createTable(
      new Table({
        name: 'audit_event',
        columns: [
          bigint('seq', { isPrimary: true }),
          varchar('id', 40),
          date('at'),
          varchar('actorKind', 16),
          varchar('actorName', 100),
          varchar('actorId', 64, nullable),
          varchar('address', 64, nullable),
          varchar('action', 64),
          varchar('subjectType', 32),
          varchar('subjectId', 191),
          json('detail', nullable),
          varchar('correlationId', 64, nullable),
          varchar('outcome', 8),
          varchar('previousHash', 64),
          varchar('hash', 64),
        ],
        indices: [
          new TableIndex({ name: 'ix_audit_event_at', columnNames: ['at'] }),
          new TableIndex({ name: 'ix_audit_event_subject', columnNames: ['subjectId'] }),
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'audit_head',
        columns: [int('id', { isPrimary: true }), bigint('seq'), varchar('hash', 64)],
      }),
    );
    await runner.query('INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, ?)', ['0'.repeat(64)]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('audit_head');
    await runner.dropTable('audit_event');
  }
}
