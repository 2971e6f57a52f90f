import { Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

/** Set-ups that are under way: what was entered, sealed, and what was found. */
export class SetUps1764400000006 implements MigrationInterface {
  name = 'SetUps1764400000006';

  async up(runner: QueryRunner): Promise<void> {
    const { id, varchar, json, date, nullable } = schemaColumns(runner);
    await runner.createTable(
      new Table({
        name: 'set_up',
        columns: [
          id,
          varchar('pluginId', 64),
          json('settings'),
          json('secrets'),
          json('discovery'),
          json('validation', nullable),
          date('createdAt'),
          date('updatedAt'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('set_up');
  }
}
