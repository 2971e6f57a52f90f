import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns by table; all may be empty, so both engines add them without touching a row. */
const COLUMNS = [
  ['recovery_point', 'consistency', 'varchar(16)'],
  ['recovery_point', 'consistencyNote', 'text'],
  ['recovery_point_disk', 'because', 'text'],
] as const;

/** Recovery points say how consistent they are, and their disks in the source's own words why they were copied in full. */
export class WhyAndHowConsistent1764000000005 implements MigrationInterface {
  name = 'WhyAndHowConsistent1764000000005';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, column, type] of COLUMNS)
      await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type} NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}
