import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions, TableForeignKeyOptions } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

interface Shape {
  readonly name: string;
  readonly columns: TableColumnOptions[];
  readonly unique?: Readonly<Record<string, string[]>>;
  readonly index?: Readonly<Record<string, string[]>>;
  readonly foreignKeys?: TableForeignKeyOptions[];
}

const references = (
  name: string,
  column: string,
  table: string,
  onDelete: 'CASCADE' | 'NO ACTION',
): TableForeignKeyOptions => ({
  name,
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: ['id'],
  onDelete,
  onUpdate: 'NO ACTION',
});

/**
 * Connections, VM contexts, jobs and what serves them.
 * Only a VM context's own description (disks, network mappings) goes with it; nothing that proves history does.
 */
export class Init1763900000001 implements MigrationInterface {
  name = 'Init1763900000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const { name, columns, unique = {}, index = {}, foreignKeys = [] } of shapes(runner)) {
      await runner.createTable(new Table({ name, columns, foreignKeys }));
      for (const [isUnique, indices] of [
        [true, unique],
        [false, index],
      ] as const)
        for (const [indexName, columnNames] of Object.entries(indices))
          await runner.createIndex(name, new TableIndex({ name: indexName, columnNames, isUnique }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of shapes(runner).reverse()) await runner.dropTable(name);
  }
}

function shapes(runner: QueryRunner): Shape[] {
  const { varchar, id, int, counter, bool, bigint, text, json, date, nullable } = schemaColumns(runner);
  const double = (name: string): TableColumnOptions => ({ name, type: 'double' });
  const stamps = [date('createdAt'), date('updatedAt')];
  return [
    {
      name: 'connection',
      columns: [
        id,
        varchar('name', 100),
        varchar('kind', 8),
        varchar('pluginId', 64),
        varchar('vmaId', 40, nullable),
        json('settings'),
        json('secrets'),
        int('version'),
        ...stamps,
      ],
      unique: { ux_connection_name: ['name'] },
    },
    {
      name: 'vm_context',
      columns: [
        id,
        varchar('name', 255),
        varchar('sourceConnectionId', 40),
        varchar('targetConnectionId', 40, nullable),
        varchar('vmaId', 40, nullable),
        varchar('sourceVmId', 191),
        varchar('managedKey', 240, nullable),
        varchar('state', 32),
        varchar('origin', 32, nullable),
        json('placement', nullable),
        json('machine', nullable),
        int('generation'),
        bool('autoAdded'),
        json('lastCycle', nullable),
        int('version'),
        ...stamps,
      ],
      unique: { ux_vm_context_managed: ['managedKey'] },
      index: {
        ix_vm_context_source: ['sourceConnectionId'],
        ix_vm_context_target: ['targetConnectionId'],
      },
      foreignKeys: [
        references('fk_vm_context_source', 'sourceConnectionId', 'connection', 'NO ACTION'),
        references('fk_vm_context_target', 'targetConnectionId', 'connection', 'NO ACTION'),
      ],
    },
    {
      name: 'vm_disk',
      columns: [
        id,
        varchar('contextId', 40),
        varchar('diskKey', 191),
        text('backing'),
        varchar('label', 255),
        bigint('sizeBytes'),
        bool('boot'),
        int('position'),
        varchar('volumeRef', 255, nullable),
      ],
      unique: { ux_vm_disk_key: ['contextId', 'diskKey'] },
      foreignKeys: [references('fk_vm_disk_context', 'contextId', 'vm_context', 'CASCADE')],
    },
    {
      name: 'network_mapping',
      columns: [
        id,
        varchar('contextId', 40),
        varchar('sourceNetwork', 191),
        varchar('liveNetwork', 191, nullable),
        varchar('testNetwork', 191, nullable),
      ],
      unique: { ux_network_mapping_source: ['contextId', 'sourceNetwork'] },
      foreignKeys: [references('fk_network_mapping_context', 'contextId', 'vm_context', 'CASCADE')],
    },
    {
      name: 'job',
      columns: [
        id,
        varchar('kind', 40),
        varchar('category', 16),
        varchar('contextId', 40, nullable),
        varchar('parentId', 40, nullable),
        varchar('state', 16),
        varchar('lane', 80, nullable),
        varchar('correlationId', 64),
        varchar('requestedBy', 64),
        json('input'),
        double('percent'),
        json('problem', nullable),
        json('result', nullable),
        date('cancelRequestedAt', nullable),
        varchar('ownerId', 96, nullable),
        bigint('leaseUntilMs', nullable),
        date('createdAt'),
        date('startedAt', nullable),
        date('endedAt', nullable),
      ],
      unique: { ux_job_lane: ['lane'] },
      index: { ix_job_state: ['state'], ix_job_context: ['contextId'] },
    },
    {
      name: 'job_step',
      columns: [
        id,
        varchar('jobId', 40),
        int('seq'),
        varchar('name', 64),
        varchar('label', 255),
        varchar('state', 16),
        double('percent'),
        json('problem', nullable),
        json('detail', nullable),
        date('startedAt'),
        date('endedAt', nullable),
      ],
      unique: { ux_job_step_seq: ['jobId', 'seq'] },
      foreignKeys: [references('fk_job_step_job', 'jobId', 'job', 'CASCADE')],
    },
    {
      name: 'log_event',
      columns: [
        counter('seq'),
        varchar('jobId', 40),
        varchar('step', 64, nullable),
        varchar('level', 8),
        text('message'),
        json('attributes', nullable),
        date('at'),
      ],
      index: { ix_log_event_job: ['jobId'] },
      foreignKeys: [references('fk_log_event_job', 'jobId', 'job', 'CASCADE')],
    },
    {
      name: 'outbox_event',
      columns: [
        counter('seq'),
        varchar('type', 48),
        varchar('subject', 191),
        varchar('correlationId', 64, nullable),
        json('data'),
        date('at'),
        date('deliveredAt', nullable),
      ],
      index: { ix_outbox_event_delivered: ['deliveredAt'] },
    },
    { name: 'setting', columns: [varchar('name', 64, { isPrimary: true }), json('value')] },
    {
      name: 'api_token',
      columns: [
        id,
        varchar('name', 100),
        varchar('hash', 64),
        date('createdAt'),
        date('expiresAt', nullable),
      ],
      unique: { ux_api_token_hash: ['hash'] },
    },
    {
      name: 'idempotency_key',
      columns: [
        varchar('id', 64, { isPrimary: true }),
        varchar('requestHash', 64),
        varchar('ownerId', 96),
        json('answer', nullable),
        date('createdAt'),
      ],
      index: { ix_idempotency_key_created: ['createdAt'] },
    },
  ];
}
