import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';

/** Cycles, recovery points and failover runs. No foreign key cascades into them: history outlives the VM context. */
export class Replication1763900000004 implements MigrationInterface {
  name = 'Replication1763900000004';

  async up(runner: QueryRunner): Promise<void> {
    const engine = runner.dataSource.driver.options.type;
    const integer = engine === 'mysql' || engine === 'mariadb' ? 'int' : 'integer';
    const varchar = (name: string, length: number, more: Partial<TableColumnOptions> = {}) => ({
      name,
      type: 'varchar',
      length: String(length),
      ...more,
    });
    const id = varchar('id', 40, { isPrimary: true });
    const bigint = (name: string, more: Partial<TableColumnOptions> = {}) => ({
      name,
      type: 'bigint',
      ...more,
    });
    const date = (name: string, more: Partial<TableColumnOptions> = {}) => ({
      name,
      type: 'datetime',
      precision: 3,
      ...more,
    });
    const nullable = { isNullable: true };

    await runner.createTable(
      new Table({
        name: 'cycle',
        columns: [
          id,
          varchar('contextId', 40),
          varchar('jobId', 40),
          varchar('correlationId', 64),
          { name: 'sequence', type: integer },
          varchar('kind', 16),
          varchar('state', 16),
          bigint('bytesChanged'),
          bigint('bytesMoved'),
          bigint('bytesResumed'),
          bigint('durationMs'),
          date('startedAt'),
          date('endedAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'cycle',
      new TableIndex({ name: 'ix_cycle_context', columnNames: ['contextId', 'sequence'] }),
    );
    await runner.createTable(
      new Table({
        name: 'recovery_point',
        columns: [
          id,
          varchar('contextId', 40),
          varchar('cycleId', 40),
          { name: 'sequence', type: integer },
          { name: 'generation', type: integer },
          varchar('kind', 16),
          date('sealedAt'),
          date('foldedAt', nullable),
          bigint('verifiedClusters'),
          date('verifiedAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'recovery_point',
      new TableIndex({
        name: 'ux_recovery_point_sequence',
        columnNames: ['contextId', 'sequence'],
        isUnique: true,
      }),
    );
    await runner.createTable(
      new Table({
        name: 'recovery_point_disk',
        columns: [
          id,
          varchar('pointId', 40),
          varchar('diskKey', 191),
          varchar('volumeId', 40),
          varchar('hostId', 191),
          varchar('vmId', 191),
          { name: 'backing', type: 'text' },
          bigint('sizeBytes'),
          { name: 'changeToken', type: 'text', isNullable: true },
          varchar('kind', 16),
          { name: 'reason', type: 'text' },
          bigint('bytesMoved'),
          bigint('bytesChanged'),
        ],
      }),
    );
    await runner.createIndex(
      'recovery_point_disk',
      new TableIndex({ name: 'ux_recovery_point_disk', columnNames: ['pointId', 'diskKey'], isUnique: true }),
    );
    await runner.createTable(
      new Table({
        name: 'failover_run',
        columns: [
          id,
          varchar('contextId', 40),
          varchar('jobId', 40),
          varchar('kind', 8),
          varchar('state', 32),
          varchar('origin', 32, nullable),
          { name: 'pointSequence', type: integer, isNullable: true },
          { name: 'findings', type: 'json' },
          { name: 'machineRef', type: 'text', isNullable: true },
          { name: 'verdict', type: 'json', isNullable: true },
          bigint('downtimeMs', nullable),
          date('startedAt'),
          date('endedAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'failover_run',
      new TableIndex({ name: 'ix_failover_run_context', columnNames: ['contextId'] }),
    );
    await runner.createTable(
      new Table({
        name: 'engine_run',
        columns: [
          id,
          varchar('subjectId', 40),
          varchar('contextId', 40),
          varchar('jobId', 40),
          varchar('itinerary', 32),
          varchar('ownerId', 64),
          { name: 'finishedLegs', type: 'json' },
          { name: 'fault', type: 'json', isNullable: true },
          varchar('state', 16),
          date('startedAt'),
          date('endedAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'engine_run',
      new TableIndex({ name: 'ix_engine_run_subject', columnNames: ['subjectId'] }),
    );
    await runner.createTable(
      new Table({
        name: 'fact_sheet',
        columns: [varchar('subjectId', 40, { isPrimary: true }), { name: 'findings', type: 'json' }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'ledger_entry',
        columns: [
          varchar('key', 64, { isPrimary: true }),
          varchar('subjectId', 40),
          varchar('contextId', 40),
          varchar('runId', 40),
          varchar('resource', 32),
          varchar('state', 16),
          { name: 'ref', type: 'json', isNullable: true },
          date('claimedAt'),
          date('endedAt', nullable),
        ],
      }),
    );
    await runner.createIndex(
      'ledger_entry',
      new TableIndex({ name: 'ix_ledger_entry_subject', columnNames: ['subjectId'] }),
    );
    await runner.createIndex(
      'ledger_entry',
      new TableIndex({ name: 'ix_ledger_entry_context', columnNames: ['contextId'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'ledger_entry',
      'fact_sheet',
      'engine_run',
      'failover_run',
      'recovery_point_disk',
      'recovery_point',
      'cycle',
    ])
      await runner.dropTable(table);
  }
}
