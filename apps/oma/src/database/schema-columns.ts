import type { QueryRunner, TableColumnOptions } from 'typeorm';

type More = Partial<TableColumnOptions>;

/** Whether the schema version runs on MariaDB; some column types have another name there. */
export function isMariaDb(runner: QueryRunner): boolean {
  const engine = runner.dataSource.driver.options.type;
  return engine === 'mysql' || engine === 'mariadb';
}

/** Columns for schema versions, such that SQLite and MariaDB both agree with the entities (no drift). */
export function schemaColumns(runner: QueryRunner) {
  const maria = isMariaDb(runner);
  const varchar = (name: string, length: number, more: More = {}): TableColumnOptions => ({
    name,
    type: 'varchar',
    length: String(length),
    ...more,
  });
  return {
    varchar,
    /** The primary key of a table whose rows have prefixed ULIDs. */
    id: varchar('id', 40, { isPrimary: true }),
    int: (name: string, more: More = {}): TableColumnOptions => ({
      name,
      type: maria ? 'int' : 'integer',
      ...more,
    }),
    /** A primary key that the database counts up. */
    counter: (name: string): TableColumnOptions => ({
      name,
      type: maria ? 'int' : 'integer',
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    }),
    bool: (name: string, more: More = {}): TableColumnOptions => ({
      name,
      ...(maria ? { type: 'tinyint', width: 1 } : { type: 'boolean' }),
      ...more,
    }),
    bigint: (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'bigint', ...more }),
    text: (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'text', ...more }),
    /** Objects and arrays only: a bare string comes back as a number on MariaDB. */
    json: (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'json', ...more }),
    date: (name: string, more: More = {}): TableColumnOptions => ({
      name,
      type: 'datetime',
      precision: 3,
      ...more,
    }),
    nullable: { isNullable: true } as const,
  };
}
