import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '@ossea/api-contract';
import type { DataSource } from 'typeorm';
import { AuditEventRow } from '../../../apps/oma/src/audit/audit.entities.js';
import { AuditTrail, type AuditEntry } from '../../../apps/oma/src/audit/audit-trail.js';
import { auditView } from '../../../apps/oma/src/audit/audit-view.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { UnitOfWork } from '../../../apps/oma/src/database/unit-of-work.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';
import type { Engine } from '../oma-shell/appliance.js';

/** An audit log in a database of its own. */
export class ChainBench implements AsyncDisposable {
  readonly trail = new AuditTrail();
  readonly unitOfWork: UnitOfWork;

  private constructor(
    private readonly directory: string,
    readonly database: DataSource,
    private readonly mariaDb: PrivateMariaDb | undefined,
  ) {
    this.unitOfWork = new UnitOfWork(database);
  }

  static async start(engine: Engine): Promise<ChainBench> {
    const directory = await mkdtemp(join(tmpdir(), 'aud-'));
    const mariaDb = engine === 'mariadb' ? await startMariaDb() : undefined;
    const database = await openDatabase({
      database: mariaDb ? { engine: 'mariadb', ...mariaDb.login } : { engine: 'sqlite' },
      stateDir: directory,
    });
    return new ChainBench(directory, database, mariaDb);
  }

  append(entry: Partial<AuditEntry> = {}): Promise<void> {
    return this.unitOfWork.run((manager) =>
      this.trail.append(manager, {
        action: 'connection.change',
        subject: { type: 'connection', id: 'con_1' },
        ...entry,
      }),
    );
  }

  async rows(): Promise<AuditEvent[]> {
    const rows = await this.database.getRepository(AuditEventRow).find({ order: { seq: 'ASC' } });
    return rows.map(auditView);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.destroy();
    await this.mariaDb?.[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}
