import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

/** VMAs and the pairing codes they enrol with. */
export class Tunnels1763900000003 implements MigrationInterface {
  name = 'Tunnels1763900000003';

  async up(runner: QueryRunner): Promise<void> {
    const { id, varchar, int, date, nullable } = schemaColumns(runner);
    await runner.createTable(
      new Table({
        name: 'vma',
        columns: [
          id,
          varchar('name', 100),
          varchar('state', 16),
          varchar('publicKey', 120),
          varchar('fingerprint', 64),
          varchar('version', 40, nullable),
          int('agentPort', nullable),
          date('requestedAt'),
          date('decidedAt', nullable),
          date('lastSeenAt', nullable),
          date('createdAt'),
          date('updatedAt'),
        ],
      }),
    );
    for (const [name, column] of [
      ['ux_vma_public_key', 'publicKey'],
      ['ux_vma_agent_port', 'agentPort'],
    ] as const)
      await runner.createIndex('vma', new TableIndex({ name, columnNames: [column], isUnique: true }));
    await runner.createTable(
      new Table({
        name: 'pairing_code',
        columns: [
          id,
          varchar('vmaName', 100, nullable),
          varchar('salt', 32),
          varchar('hash', 64),
          date('expiresAt'),
          int('tries'),
          date('usedAt', nullable),
          varchar('usedByVmaId', 40, nullable),
          date('createdAt'),
        ],
      }),
    );
    await runner.createIndex(
      'pairing_code',
      new TableIndex({ name: 'ix_pairing_code_expires', columnNames: ['expiresAt'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('pairing_code');
    await runner.dropTable('vma');
  }
}
