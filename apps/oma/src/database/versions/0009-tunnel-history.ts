import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

/** How tunnels became what they are. */
export class TunnelHistory1764400000009 implements MigrationInterface {
  name = 'TunnelHistory1764400000009';

  async up(runner: QueryRunner): Promise<void> {
    const { id, varchar, int, date, text, nullable } = schemaColumns(runner);
    await runner.createTable(
      new Table({
        name: 'tunnel_event',
        columns: [
          id,
          varchar('vmaId', 40),
          date('at'),
          varchar('state', 16),
          text('because'),
          varchar('direction', 8, nullable),
          int('rttMs', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'tunnel_event',
      new TableIndex({ name: 'ix_tunnel_event_vma', columnNames: ['vmaId', 'id'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('tunnel_event');
  }
}
