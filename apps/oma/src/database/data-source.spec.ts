import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LessThan, type DataSource, type Repository } from 'typeorm';
import { parseConfig } from '../config/load-config.js';
import { Connection } from '../connections/connection.entity.js';
import { VmContext, VmDisk } from '../discovery/vm-context.entity.js';
import { Job } from '../jobs/job.entity.js';
import { createDataSource, openDatabase } from './data-source.js';
import { isUniqueViolation } from './driver-errors.js';
import { newId } from './new-id.js';
import { SCHEMA_VERSIONS } from './schema.js';
import { Setting } from './setting.entity.js';
import { UnitOfWork } from './unit-of-work.js';

const mariadb = process.env['TEST_MARIADB'];
const engines: [string, (directory: string) => object][] = [
  ['sqlite', (directory) => ({ engine: 'sqlite', file: join(directory, 'oma.sqlite') })],
];
if (mariadb !== undefined)
  engines.push(['mariadb', () => ({ engine: 'mariadb', ...(JSON.parse(mariadb) as object) })]);

describe.each(engines)('%s', (_engine, settings) => {
  let directory: string;
  let database: DataSource;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ossea-db-'));
    const config = parseConfig({ stateDir: directory, database: settings(directory) });
    database = await createDataSource(config).initialize();
    await database.dropDatabase();
  }, 60_000);
  afterAll(async () => {
    await database.destroy();
    await rm(directory, { recursive: true, force: true });
  });

  const connections = (): Repository<Connection> => database.getRepository(Connection);
  const connection = (name: string, repository = connections()) =>
    repository.save(
      repository.create({
        id: newId('conn'),
        name,
        kind: 'source',
        pluginId: 'some-host',
        vmaId: null,
        settings: { a: [1.5, '123'] },
        secrets: {},
      }),
    );

  it('the schema versions leave no drift from the entities', async () => {
    expect(await database.runMigrations({ transaction: 'each' })).toHaveLength(SCHEMA_VERSIONS.length);
    const { upQueries } = await database.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    expect(await database.runMigrations()).toHaveLength(0);
  }, 60_000);

  it('every schema version can be taken back', async () => {
    for (let left = SCHEMA_VERSIONS.length; left > 0; left -= 1)
      await database.undoLastMigration({ transaction: 'each' });
    expect(await database.runMigrations({ transaction: 'each' })).toHaveLength(SCHEMA_VERSIONS.length);
  }, 60_000);

  it('keeps json, bigint, milliseconds, booleans, unique and foreign keys', async () => {
    const source = await connection('site');
    const at = new Date('2026-11-23T10:00:00.123Z');
    const contexts = database.getRepository(VmContext);
    const contextId = newId('ctx');
    await contexts.save(
      contexts.create({
        id: contextId,
        name: 'vm-1',
        sourceConnectionId: source.id,
        targetConnectionId: null,
        vmaId: null,
        sourceVmId: 'vm-1',
        managedKey: 'k',
        state: 'managed',
        origin: null,
        placement: { zone: 'a', cpus: '4' },
        machine: null,
        generation: 1,
        autoAdded: true,
        lastCycle: null,
        createdAt: at,
      }),
    );
    const disks = database.getRepository(VmDisk);
    const disk = (diskKey: string, owner: string) =>
      disks.insert({
        id: newId('disk'),
        contextId: owner,
        diskKey,
        backing: 'b',
        label: 'l',
        sizeBytes: Number.MAX_SAFE_INTEGER,
        boot: false,
        position: 0,
        volumeRef: null,
      });
    await disk('vda', contextId);
    const got = await contexts.findOneOrFail({ where: { id: contextId }, relations: { disks: true } });
    expect(got).toMatchObject({
      placement: { zone: 'a', cpus: '4' },
      autoAdded: true,
      createdAt: at,
      version: 1,
    });
    expect(got.disks[0]?.sizeBytes).toBe(Number.MAX_SAFE_INTEGER);
    expect((await connections().findOneByOrFail({ id: source.id })).settings).toEqual({ a: [1.5, '123'] });
    expect(await contexts.countBy({ createdAt: LessThan(new Date(at.getTime() + 1)) })).toBe(1);
    expect(await contexts.countBy({ createdAt: LessThan(at) })).toBe(0);

    expect(isUniqueViolation(await disk('vda', contextId).catch((error: unknown) => error))).toBe(true);
    await expect(disk('vdb', 'ctx_none')).rejects.toThrow(/foreign key/i);
    await expect(connections().delete(source.id)).rejects.toThrow(/foreign key/i);
    await contexts.delete(contextId);
    expect(await disks.count()).toBe(0);
    await connections().delete(source.id);
  });

  it('ten racers for a lease: exactly one wins', async () => {
    const jobs = database.getRepository(Job);
    const id = newId('job');
    await jobs.insert({
      id,
      kind: 'race',
      category: 'system',
      state: 'running',
      correlationId: 'c',
      requestedBy: 'test',
      input: {},
      percent: 0,
      createdAt: new Date(),
    });
    const now = Date.now();
    const claim = (ownerId: string) =>
      jobs
        .createQueryBuilder()
        .update()
        .set({ ownerId, leaseUntilMs: now + 30_000 })
        .where('id = :id AND (leaseUntilMs IS NULL OR leaseUntilMs < :now)', { id, now })
        .execute();
    const results = await Promise.all(Array.from({ length: 10 }, (_, i) => claim(`owner-${i}`)));
    expect(results.filter(({ affected }) => affected === 1)).toHaveLength(1);
  });

  it('ten racers for one lane: the database lets one job in', async () => {
    const start = (lane: string | null) =>
      database.getRepository(Job).insert({
        id: newId('job'),
        kind: 'race',
        category: 'system',
        state: 'running',
        lane,
        correlationId: 'c',
        requestedBy: 'test',
        input: {},
        percent: 0,
        createdAt: new Date(),
      });
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => start('ctx_1')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(refused.map(isUniqueViolation)).toEqual(Array.from({ length: 9 }, () => true));
    await Promise.all([start(null), start(null)]);
  });

  it('concurrent transactions do not mix', async () => {
    // each waits for the other to be where it wants it, instead of sleeping
    const gate = () => {
      let open = () => {};
      const opened = new Promise<void>((resolve) => (open = resolve));
      return { open, opened };
    };
    const aHasWritten = gate();
    const othersWait = gate();
    const a = database.transaction(async (manager) => {
      await connection('tx-a', manager.getRepository(Connection));
      aHasWritten.open();
      await othersWait.opened;
      throw new Error('roll back a');
    });
    const settled = expect(a).rejects.toThrow('roll back a');
    await aHasWritten.opened;
    const b = new UnitOfWork(database).run(async (manager) => {
      await connection('tx-b', manager.getRepository(Connection));
    });
    const c = connections().insert({
      id: newId('conn'),
      name: 'plain-c',
      kind: 'source',
      pluginId: 'p',
      settings: {},
      secrets: {},
      version: 1,
      createdAt: new Date(),
      updatedAt: new Date(),
    });
    setImmediate(() => othersWait.open());
    await Promise.all([settled, b, c]);
    expect((await connections().find()).map(({ name }) => name).sort()).toEqual(['plain-c', 'tx-b']);
  });

  it('counts no write twice when many transactions race', async () => {
    const unit = new UnitOfWork(database);
    await database.getRepository(Setting).insert({ name: 'counter', value: { n: 0 } });
    const increment = () =>
      unit.run(async (manager) => {
        const settings = manager.getRepository(Setting);
        const lock =
          database.options.type === 'mariadb' ? { lock: { mode: 'pessimistic_write' as const } } : {};
        const row = await settings.findOneOrFail({ where: { name: 'counter' }, ...lock });
        await settings.update({ name: 'counter' }, { value: { n: Number(row.value['n']) + 1 } });
      });
    await Promise.all(Array.from({ length: 50 }, increment));
    expect((await database.getRepository(Setting).findOneByOrFail({ name: 'counter' })).value).toEqual({
      n: 50,
    });
  });
});

it('says that the database cannot be opened, and why', async () => {
  const stateDir = join(tmpdir(), 'ossea-db-none', newId('x'));
  const config = parseConfig({
    stateDir,
    database: { engine: 'mariadb', socketPath: '/nowhere/s', username: 'u' },
  });
  await expect(openDatabase(config)).rejects.toMatchObject({ code: 'database.unavailable' });
});
