import { Table, TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { newId } from '../new-id.js';
import { schemaColumns } from '../schema-columns.js';

const KEY_MS = 90 * 86_400_000;

interface KnownKey {
  readonly id: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly state: string;
}

/** Keys of VMAs come and go; pairing codes can be withdrawn. */
export class VmaKeys1764400000011 implements MigrationInterface {
  name = 'VmaKeys1764400000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pairing_code ADD COLUMN withdrawnAt datetime(3) NULL');
    const { id, varchar, date } = schemaColumns(runner);
    await runner.createTable(
      new Table({
        name: 'vma_key',
        columns: [
          id,
          varchar('vmaId', 40),
          varchar('publicKey', 120),
          varchar('fingerprint', 64),
          varchar('state', 16),
          date('notBefore'),
          date('expiresAt'),
        ],
        indices: [
          new TableIndex({ name: 'ux_vma_key_public_key', columnNames: ['publicKey'], isUnique: true }),
          new TableIndex({ name: 'ix_vma_key_vma', columnNames: ['vmaId'] }),
        ],
      }),
    );
    const known = (await runner.query('SELECT id, publicKey, fingerprint, state FROM vma')) as KnownKey[];
    // nobody is locked out by the upgrade: their time begins now
    const now = new Date();
    for (const { id: vmaId, publicKey, fingerprint, state } of known)
      await runner.manager
        .createQueryBuilder()
        .insert()
        .into('vma_key', ['id', 'vmaId', 'publicKey', 'fingerprint', 'state', 'notBefore', 'expiresAt'])
        .values({
          id: newId('vkey'),
          vmaId,
          publicKey,
          fingerprint,
          state: state === 'revoked' ? 'revoked' : 'current',
          notBefore: now,
          expiresAt: new Date(now.getTime() + KEY_MS),
        })
        .execute();
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('vma_key');
    await runner.query('ALTER TABLE pairing_code DROP COLUMN withdrawnAt');
  }
}
