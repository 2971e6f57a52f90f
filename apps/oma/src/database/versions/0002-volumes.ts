import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner, TableColumnOptions } from 'typeorm';

const TABLES = ['volume_snapshot', 'volume_hold', 'delta', 'nbd_export', 'disk_lease', 'volume'];

/** Volumes and what belongs to them. No foreign key: nothing may cascade to a volume or a delta. */
export class Volumes1763900000002 implements MigrationInterface {
  name = 'Volumes1763900000002';

  async up(runner: QueryRunner): Promise<void> {
    const engine = runner.dataSource.driver.options.type;
    const mysql = engine === 'mysql' || engine === 'mariadb';
    const int = (name: string, isNullable = false): TableColumnOptions => ({
      name,
      type: mysql ? 'int' : 'integer',
      isNullable,
    });
    const version: TableColumnOptions = int('version');
    const bool = (name: string): TableColumnOptions =>
      mysql ? { name, type: 'tinyint', width: 1 } : { name, type: 'boolean' };
    const text = (name: string, length: number, isNullable = false): TableColumnOptions => ({
      name,
      type: 'varchar',
      length: String(length),
      isNullable,
    });
    const long = (name: string): TableColumnOptions => ({ name, type: 'text', isNullable: true });
    const bigint = (name: string, isNullable = false): TableColumnOptions => ({
      name,
      type: 'bigint',
      isNullable,
    });
    const date = (name: string, isNullable = false): TableColumnOptions => ({
      name,
      type: 'datetime',
      precision: 3,
      isNullable,
    });
    const id: TableColumnOptions = { ...text('id', 40), isPrimary: true };
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
        text('contextId', 40),
        text('diskKey', 191),
        text('targetConnectionId', 40),
        long('ref'),
        text('createKey', 64),
        text('exportName', 64),
        bigint('sizeBytes'),
        bigint('volumeSizeBytes', true),
        int('generation'),
        text('state', 24),
        long('devicePath'),
        text('deviceKind', 8, true),
        text('format', 8, true),
        text('serial', 191, true),
        int('currentPoint', true),
        text('foldState', 8),
        int('leaseEpoch'),
        version,
        date('createdAt'),
        date('updatedAt'),
      ],
      [['ux_volume_disk', ['contextId', 'diskKey'], true]],
    );
    await create(
      'disk_lease',
      [
        id,
        text('volumeId', 40),
        int('epoch'),
        text('mode', 8),
        text('holder', 64),
        date('grantedAt'),
        date('renewedAt'),
        date('releasedAt', true),
      ],
      [['ux_disk_lease_epoch', ['volumeId', 'epoch'], true]],
    );
    await create(
      'nbd_export',
      [
        id,
        text('name', 64),
        text('volumeId', 40),
        text('contextId', 40),
        text('vmaId', 64),
        text('what', 8),
        text('deltaId', 40, true),
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
        text('volumeId', 40),
        text('contextId', 40),
        int('sequence'),
        text('path', 191),
        text('state', 16),
        bigint('sizeBytes'),
        bool('kept'),
        bool('rejected'),
        version,
        date('sealedAt', true),
        date('foldedAt', true),
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
        text('contextId', 40),
        text('runId', 64),
        text('reason', 191),
        int('pointSequence', true),
        date('createdAt'),
      ],
      [['ux_volume_hold_run', ['contextId', 'runId'], true]],
    );
    await create(
      'volume_snapshot',
      [
        id,
        text('contextId', 40),
        text('volumeId', 40),
        text('setKey', 64),
        text('createKey', 64),
        long('ref'),
        text('purpose', 16),
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
