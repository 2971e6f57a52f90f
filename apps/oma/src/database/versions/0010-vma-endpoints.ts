import { TableIndex } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INDEX = 'ux_vma_nbd_port';

/** VMAs have a loopback number of their own for NBD, too: OpenSSH tells them apart by it. */
export class VmaEndpoints1764400000010 implements MigrationInterface {
  name = 'VmaEndpoints1764400000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE vma ADD COLUMN nbdPort integer NULL');
    await runner.createIndex(
      'vma',
      new TableIndex({ name: INDEX, columnNames: ['nbdPort'], isUnique: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndex('vma', INDEX);
    await runner.query('ALTER TABLE vma DROP COLUMN nbdPort');
  }
}
