import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Pairing codes can be withdrawn. */
export class VmaKeys1764400000011 implements MigrationInterface {
  name = 'VmaKeys1764400000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pairing_code ADD COLUMN withdrawnAt datetime(3) NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pairing_code DROP COLUMN withdrawnAt');
  }
}
