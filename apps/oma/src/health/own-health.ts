import { statfs } from 'node:fs/promises';
import type { HealthPart } from '@ossea/api-contract';
import type { CopyEngine } from '@ossea/copy-engine';
import { nativeUnavailableReason } from '@ossea/nbd-native';
import type { PluginRegistry } from '@ossea/plugin-registry';
import type { DataSource } from 'typeorm';
import type { HealthRegistry } from './health-registry.js';

/** Less free space than this, of spool or state, is worth a warning before it is a failure. */
const LOW_BYTES = 1 << 30;

export interface OwnParts {
  readonly database: DataSource;
  readonly engine: CopyEngine;
  readonly registry: PluginRegistry;
  readonly spoolDir: string;
  readonly stateDir: string;
  /** Absent while the tunnel server is started anew. */
  readonly tunnel: () => { readonly transport: string; readonly nativeCrypto: boolean } | undefined;
}

/** The parts of the appliance that belong to no single room. */
export function addOwnParts(health: HealthRegistry, parts: OwnParts): void {
  const { database, engine, registry, spoolDir, stateDir, tunnel } = parts;
  health.add('database', async () => {
    await database.query('SELECT 1');
    return { status: 'ok', detail: database.options.type === 'better-sqlite3' ? 'SQLite' : 'MariaDB' };
  });
  health.add('copy-engine', () =>
    engine.name === 'native'
      ? { status: 'ok', detail: 'native' }
      : { status: 'degraded', detail: nativeUnavailableReason() ?? 'The slow reference engine is used.' },
  );
  health.add('tunnel-server', () => {
    const serving = tunnel();
    if (!serving) return { status: 'down', detail: 'The tunnel server is started anew.' };
    if (serving.transport !== 'ssh2') return { status: 'ok', detail: serving.transport };
    if (!serving.nativeCrypto)
      return {
        status: 'degraded',
        detail: 'The native cipher of ssh2 is missing: the tunnel is ten times slower.',
      };
    return { status: 'ok', detail: 'ssh2, native ciphers' };
  });
  health.add('plugins', () => {
    const loaded = registry.list().map(({ kind, id }) => `${kind} ${id}`);
    if (registry.failures.length === 0) return { status: 'ok', detail: loaded.join(', ') };
    const failed = registry.failures.map(({ packageName, error }) => `${packageName}: ${error.message}`);
    return { status: 'degraded', detail: failed.join(' ').slice(0, 1000) };
  });
  health.add('spool', () => spaceOf(spoolDir));
  health.add('state', () => spaceOf(stateDir));
}

async function spaceOf(directory: string): Promise<HealthPart> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  return { status: freeBytes < LOW_BYTES ? 'degraded' : 'ok', detail: `${freeBytes} bytes free` };
}
