import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import type { OmaConfig } from '../config/config.schema.js';
import { ENTITIES, SCHEMA_VERSIONS } from './schema.js';
import { serializeSqlite } from './serialized-sqlite.js';

interface SqlitePragma {
  pragma(statement: string): unknown;
}

const tables = { entities: [...ENTITIES], migrations: [...SCHEMA_VERSIONS], logging: false as const };

/** The database of a configuration, not yet open. SQLite is embedded; MariaDB is what an appliance uses. */
export function createDataSource({
  database,
  stateDir,
}: Pick<OmaConfig, 'database' | 'stateDir'>): DataSource {
  if (database.engine === 'sqlite')
    return serializeSqlite(
      new DataSource({
        type: 'better-sqlite3',
        driver: createRequire(import.meta.url)('libsql') as object,
        database: database.file ?? join(stateDir, 'oma.sqlite'),
        enableWAL: true,
        // FULL: what was called sealed must be sealed after a power cut too
        prepareDatabase: (connection: SqlitePragma) => {
          connection.pragma('synchronous = FULL');
        },
        ...tables,
      }),
    );
  const { engine, socketPath, host, port, username, password, database: name } = database;
  return new DataSource({
    type: engine,
    timezone: 'Z',
    charset: 'utf8mb4',
    ...(socketPath === undefined ? { host: host ?? '127.0.0.1', port: port ?? 3306 } : { socketPath }),
    username,
    ...(password === undefined ? {} : { password }),
    database: name,
    ...tables,
  });
}

/** Opens the database and brings its schema up to date. Throws `database.unavailable`. */
export async function openDatabase(config: Pick<OmaConfig, 'database' | 'stateDir'>): Promise<DataSource> {
  const database = createDataSource(config);
  try {
    await database.initialize();
    await database.runMigrations({ transaction: 'each' });
    return database;
  } catch (error) {
    if (database.isInitialized) await database.destroy();
    const why = error instanceof Error ? error.message : String(error);
    throw new MigrationError('database.unavailable', `The database cannot be opened: ${why}`, {
      cause: error,
    });
  }
}
