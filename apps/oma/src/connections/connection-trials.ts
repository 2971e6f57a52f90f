import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { ConnectionTest } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import { Connection } from './connection.entity.js';
import { ConnectionSessions } from './connection-sessions.js';
import { PLUGIN_SCRATCH_DIR } from './connections-ports.js';
import { SessionConnector } from './session-connector.js';

/** Tries connections out. */
@Injectable()
export class ConnectionTrials {
  constructor(
    private readonly database: DataSource,
    private readonly connector: SessionConnector,
    private readonly sessions: ConnectionSessions,
    @Inject(PLUGIN_SCRATCH_DIR) private readonly scratchDir: string,
  ) {}

  /**
   * A real connect of its own, beside the session that jobs work with: a trial must not take anything from them. The
   * session in use is opened anew only where it answers no more.
   * Throws `request.not-found`, and what connecting throws.
   */
  async test(id: string, signal: AbortSignal): Promise<ConnectionTest> {
    const row = await this.database.getRepository(Connection).findOneBy({ id });
    if (!row) throw unknownConnection(id);
    const began = performance.now();
    const name = row.kind === 'source' ? `${id}.test` : newId('trial');
    try {
      await using session = await this.connector.connect(row, name, signal);
      const capabilities = Object.entries(session.can).flatMap(([name, granted]) => (granted ? [name] : []));
      const privileges =
        'privileges' in session.can ? await session.can.privileges?.list({ signal }) : undefined;
      const durationMs = Math.round(performance.now() - began);
      await this.sessions.renewIfBroken(id, { signal });
      return { ok: true, capabilities, durationMs, ...(privileges ? { privileges: [...privileges] } : {}) };
    } finally {
      await rm(join(this.scratchDir, name), { recursive: true, force: true });
    }
  }
}

export function unknownConnection(id: string): MigrationError {
  return new MigrationError('request.not-found', 'There is no such connection.', {
    context: { connection: id.slice(0, 40) },
  });
}
