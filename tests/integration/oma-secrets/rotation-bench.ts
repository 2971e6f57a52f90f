import 'reflect-metadata';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { Connection } from '../../../apps/oma/src/connections/connection.entity.js';
import { SetUpDraft } from '../../../apps/oma/src/connections/set-up.entity.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { UnitOfWork } from '../../../apps/oma/src/database/unit-of-work.js';
import { KeyFiles } from '../../../apps/oma/src/secrets/key-files.js';
import { KeyRotation, type RotationJob } from '../../../apps/oma/src/secrets/key-rotation.js';
import { Rewrapping } from '../../../apps/oma/src/secrets/rewrapping.js';
import { SecretBox } from '../../../apps/oma/src/secrets/secret-box.js';
import { placeOf } from '../../../apps/oma/src/secrets/sealed-columns.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';
import type { Engine } from '../oma-shell/appliance.js';

/** More than one page of the walk over them. */
const CONNECTIONS = 60;

/** Stored secrets, and one life after the other of the process that turns their key. */
export class RotationBench implements AsyncDisposable {
  keys!: KeyFiles;
  box!: SecretBox;
  rotation!: KeyRotation;
  rewrapping!: Rewrapping;
  private kill: string | undefined;

  private constructor(
    readonly directory: string,
    readonly database: DataSource,
    private readonly mariaDb: PrivateMariaDb | undefined,
  ) {}

  static async start(engine: Engine): Promise<RotationBench> {
    const directory = await mkdtemp(join(tmpdir(), 'rot-'));
    const mariaDb = engine === 'mariadb' ? await startMariaDb() : undefined;
    const database = await openDatabase({
      database: mariaDb ? { engine: 'mariadb', ...mariaDb.login } : { engine: 'sqlite' },
      stateDir: directory,
    });
    const bench = new RotationBench(directory, database, mariaDb);
    await bench.life();
    await bench.fill();
    return bench;
  }

  /** Begins the next life: what was in memory is gone. */
  async life(): Promise<void> {
    this.kill = undefined;
    this.keys = await KeyFiles.open({ kind: 'file', file: join(this.directory, 'kek') }, (point) =>
      this.pass(point),
    );
    this.box = new SecretBox(this.keys.ring);
    this.rewrapping = new Rewrapping(this.database, new UnitOfWork(this.database), this.box);
    this.rotation = new KeyRotation(this.keys, this.box, this.rewrapping);
  }

  /** Rotates until the process dies at that point. */
  async rotateUntil(point: string, fromKey: string): Promise<void> {
    this.kill = point;
    await this.rotation.rotate(fromKey, this.job()).then(
      () => {
        throw new Error(`The rotation never came to ${point}.`);
      },
      (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      },
    );
    await this.life();
  }

  job(): RotationJob {
    const { signal } = new AbortController();
    const run = this.rewrapping.run.bind(this.rewrapping);
    this.rewrapping.run = (given) => run(given, () => this.pass('row-rewrapped'));
    return {
      signal,
      step: async ({ name }, body) => {
        const outcome = await body();
        this.pass(`after-${name}`);
        return outcome;
      },
    };
  }

  /** Every secret that is stored, opened. */
  async opened(): Promise<string[]> {
    const { database, box } = this;
    const rows = [
      ...(await database.getRepository(Connection).find({ order: { id: 'ASC' } })),
      ...(await database.getRepository(SetUpDraft).find({ order: { id: 'ASC' } })),
    ];
    return rows.flatMap(({ id, secrets }) =>
      Object.entries(secrets).map(([path, sealed]) => box.open(sealed, placeOf(id, path))),
    );
  }

  async keyFiles(): Promise<string[]> {
    return (await readdir(this.directory)).filter((name) => name.startsWith('kek')).sort();
  }

  add(id: string, secret: string): Promise<void> {
    return this.box.sealing(() => this.store(id, this.box.seal(secret, placeOf(id, 'password'))));
  }

  async store(id: string, password: string): Promise<void> {
    const connections = this.database.getRepository(Connection);
    await connections.save(
      connections.create({
        id,
        name: id,
        kind: 'target',
        pluginId: 'cloud',
        vmaId: null,
        settings: {},
        secrets: { password },
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.destroy();
    await this.mariaDb?.[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  private pass(point: string): void {
    if (point === this.kill) throw new Killed(point);
  }

  private async fill(): Promise<void> {
    for (let number = 100; number < 100 + CONNECTIONS; number += 1)
      await this.add(`con_${number}`, `secret ${number}`);
    const drafts = this.database.getRepository(SetUpDraft);
    const secrets = {
      'login.key': this.box.seal('key of a draft', placeOf('set_1', 'login.key')),
      pin: this.box.seal('pin of a draft', placeOf('set_1', 'pin')),
    };
    await drafts.save(
      drafts.create({
        id: 'set_1',
        pluginId: 'cloud',
        settings: {},
        secrets,
        discovery: {},
        validation: null,
      } as object),
    );
    // sealed outside of an operation: this life would hold the key for ever
    await this.life();
  }
}

class Killed extends Error {}
