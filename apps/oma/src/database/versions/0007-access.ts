import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

/**
 * Users, their sessions and their tokens. Tokens of before had nobody behind them: an appliance that was set up
 * prints a new set-up code at its next start, which only who reads its own console can use.
 */
export class Access1764400000007 implements MigrationInterface {
  name = 'Access1764400000007';

  async up(runner: QueryRunner): Promise<void> {
    const { id, varchar, json, bool, date, nullable } = schemaColumns(runner);
    const indexed = (table: string, name: string, column: string, isUnique: boolean) =>
      runner.createIndex(table, new TableIndex({ name, columnNames: [column], isUnique }));
    await runner.createTable(
      new Table({
        name: 'app_user',
        columns: [
          id,
          varchar('name', 64),
          varchar('role', 24),
          varchar('state', 16),
          varchar('passwordHash', 255, nullable),
          bool('breakGlass'),
          date('lastSignInAt', nullable),
          date('createdAt'),
          date('updatedAt'),
        ],
      }),
    );
    await indexed('app_user', 'ux_app_user_name', 'name', true);
    await runner.createTable(
      new Table({
        name: 'access_session',
        columns: [
          id,
          varchar('userId', 40),
          varchar('kind', 16),
          varchar('hash', 64),
          varchar('address', 64),
          varchar('userAgent', 200),
          date('createdAt'),
          date('authenticatedAt'),
          date('lastUsedAt'),
          date('expiresAt'),
        ],
      }),
    );
    await indexed('access_session', 'ux_access_session_hash', 'hash', true);
    await indexed('access_session', 'ix_access_session_user', 'userId', false);
    await runner.dropTable('api_token');
    await runner.createTable(
      new Table({
        name: 'api_token',
        columns: [
          id,
          varchar('userId', 40),
          varchar('name', 100),
          varchar('hash', 64),
          json('scopes'),
          date('createdAt'),
          date('expiresAt', nullable),
          date('lastUsedAt', nullable),
        ],
      }),
    );
    await indexed('api_token', 'ux_api_token_hash', 'hash', true);
    await indexed('api_token', 'ix_api_token_user', 'userId', false);
    await runner.createTable(
      new Table({
        name: 'familiar_network',
        columns: [
          varchar('userId', 40, { isPrimary: true }),
          varchar('network', 64, { isPrimary: true }),
          date('lastAt'),
        ],
      }),
    );
    await runner.query("DELETE FROM setting WHERE name IN ('access.set-up', 'access.password')");
  }

  async down(runner: QueryRunner): Promise<void> {
    const { id, varchar, date, nullable } = schemaColumns(runner);
    for (const table of ['familiar_network', 'api_token', 'access_session', 'app_user'])
      await runner.dropTable(table);
    await runner.createTable(
      new Table({
        name: 'api_token',
        columns: [
          id,
          varchar('name', 100),
          varchar('hash', 64),
          date('createdAt'),
          date('expiresAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'api_token',
      new TableIndex({ name: 'ux_api_token_hash', columnNames: ['hash'], isUnique: true }),
    );
  }
}
