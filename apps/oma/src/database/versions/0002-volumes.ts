import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';
import { schemaColumns } from '../schema-columns.js';

const TABLES = ['volume_snapshot', 'volume_hold', 'delta', 'nbd_export', 'disk_lease', 'volume'];

/** Volumes and what belongs to them. No foreign key: nothing may cascade to a volume or a delta. */
export class Volumes1763900000002 implements MigrationInterface {
  name = 'Volumes1763900000002';

  async up(runner: QueryRunner): Promise<void> {
    const { id, varchar, int, bool, bigint, text, date, nullable } = schemaColumns(runner);
    const create = async (
      name: string,
      columns: TableColumnOptions[],
      indices: [string, string[], boolean][],
    ) => {
      await runner.createTable(new Table({ name, columns }));
      for (const [index, columnNames, isUnique] of indices)
        await runner.createIndex(name, new TableIndex({ name: index, columnNames, isUnique }));
    };

    await create(
      'volume',
      [
        id,
        varchar('contextId', 40),
        varchar('diskKey', 191),
        varchar('targetConnectionId', 40),
        text('ref', nullable),
        varchar('createKey', 64),
        varchar('exportName', 64),
        bigint('sizeBytes'),
        bigint('volumeSizeBytes', nullable),
        int('generation'),
        varchar('state', 24),
        text('devicePath', nullable),
        varchar('deviceKind', 8, nullable),
        varchar('format', 8, nullable),
        varchar('serial', 191, nullable),
        int('currentPoint', nullable),
        varchar('foldState', 8),
        int('leaseEpoch'),
        int('version'),
        date('createdAt'),
        date('updatedAt'),
      ],
      [['ux_volume_disk', ['contextId', 'diskKey'], true]],
    );
    await create(
      'disk_lease',
      [
        id,
        varchar('volumeId', 40),
        int('epoch'),
        varchar('mode', 8),
        varchar('holder', 64),
        date('grantedAt'),
        date('renewedAt'),
        date('releasedAt', nullable),
      ],
      [['ux_disk_lease_epoch', ['volumeId', 'epoch'], true]],
    );
    await create(
      'nbd_export',
      [
        id,
        varchar('name', 64),
        varchar('volumeId', 40),
        varchar('contextId', 40),
        varchar('vmaId', 64),
        varchar('what', 8),
        varchar('deltaId', 40, nullable),
        int('epoch'),
        bool('writable'),
        date('createdAt'),
      ],
      [
        ['ux_nbd_export_volume', ['volumeId'], true],
        ['ix_nbd_export_vma', ['vmaId'], false],
      ],
    );
    await create(
      'delta',
      [
        id,
        varchar('volumeId', 40),
        varchar('contextId', 40),
        int('sequence'),
        varchar('path', 191),
        varchar('state', 16),
        bigint('sizeBytes'),
        bool('kept'),
        bool('rejected'),
        int('version'),
        date('sealedAt', nullable),
        date('foldedAt', nullable),
        date('createdAt'),
        date('updatedAt'),
      ],
      [
        ['ux_delta_sequence', ['volumeId', 'sequence'], true],
        ['ix_delta_context', ['contextId', 'state'], false],
      ],
    );
    await create(
      'volume_hold',
      [
        id,
        varchar('contextId', 40),
        varchar('runId', 64),
        varchar('reason', 191),
        int('pointSequence', nullable),
        date('createdAt'),
      ],
      [['ux_volume_hold_run', ['contextId', 'runId'], true]],
    );
    await create(
      'volume_snapshot',
      [
        id,
        varchar('contextId', 40),
        varchar('volumeId', 40),
        varchar('setKey', 64),
        varchar('createKey', 64),
        text('ref', nullable),
        varchar('purpose', 16),
        int('pointSequence'),
        date('createdAt'),
      ],
      [
        ['ux_volume_snapshot_key', ['createKey'], true],
        ['ix_volume_snapshot_context', ['contextId'], false],
      ],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.dropTable(table);
  }
}
