import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { openDatabase } from '../database/data-source.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { TunnelsSettings } from './tunnels-ports.js';
import { VmaNumbers } from './vma-numbers.js';
import { Vma } from './vma.entity.js';

let directory: string;
let database: DataSource;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ossea-numbers-'));
  database = await openDatabase(parseConfig({ stateDir: directory }));
});
afterEach(async () => {
  await database.destroy();
  await rm(directory, { recursive: true, force: true });
});

const numbersOf = (more: Partial<TunnelsSettings>) =>
  new VmaNumbers(new UnitOfWork(database), {
    host: '127.0.0.1',
    port: 0,
    firstAgentPort: 9081,
    transport: 'openssh',
    firstNbdPort: 30_000,
    opensshDir: directory,
    probeSeconds: 60,
    copyProbeSeconds: 15,
    keyDays: 90,
    rotateKeyDays: 30,
    enrolmentsPerMinute: 1_000,
    enrolmentsInAllPerMinute: 1_000,
    stateDir: directory,
    runDir: directory,
    ...more,
  });

async function vma(id: string, agentPort: number | null, nbdPort: number | null): Promise<Vma> {
  const vmas = database.getRepository(Vma);
  return vmas.save(
    vmas.create({
      id,
      name: id,
      state: 'approved',
      publicKey: id,
      fingerprint: id,
      version: null,
      agentPort,
      nbdPort,
      requestedAt: new Date(),
      decidedAt: null,
      lastSeenAt: null,
    }),
  );
}

it('are the lowest that no VMA has, neither for its agent nor for its NBD', async () => {
  const free = (more: Partial<TunnelsSettings>) => numbersOf(more).free(database.manager);
  expect(await free({})).toEqual({ agentPort: 9081, nbdPort: 30_000 });
  await vma('a', 9081, 30_000);
  await vma('b', 9083, null);
  expect(await free({})).toEqual({ agentPort: 9082, nbdPort: 30_001 });
  // the two ranges may even be one
  expect(await free({ firstNbdPort: 9081 })).toEqual({ agentPort: 9082, nbdPort: 9084 });
  expect(await free({ firstAgentPort: 65_535, firstNbdPort: 65_535 })).toEqual({
    agentPort: 65_535,
    nbdPort: null,
  });
  expect(await free({ firstAgentPort: 0, firstNbdPort: 0 })).toEqual({ agentPort: null, nbdPort: null });
});

it('are given to VMAs that were approved while none were needed, and kept by the others', async () => {
  await vma('old', 9081, null);
  await vma('older', null, null);
  await vma('new', 9090, 30_005);
  await numbersOf({ transport: 'ssh2' }).fillIn();
  const stored = async () =>
    (await database.getRepository(Vma).find({ order: { id: 'ASC' } })).map(({ id, agentPort, nbdPort }) => [
      id,
      agentPort,
      nbdPort,
    ]);
  expect(await stored()).toEqual([
    ['new', 9090, 30_005],
    ['old', 9081, null],
    ['older', null, null],
  ]);
  await numbersOf({}).fillIn();
  expect(await stored()).toEqual([
    ['new', 9090, 30_005],
    ['old', 9081, 30_000],
    ['older', 9082, 30_001],
  ]);
});

it('are told only where OpenSSH serves the tunnel, and only whole', async () => {
  const row = await vma('a', 9081, 30_000);
  const host = '127.0.0.1';
  expect(numbersOf({}).endpointsOf(row)).toEqual({
    nbd: { host, port: 30_000 },
    agent: { host, port: 9081 },
  });
  expect(numbersOf({}).endpointsOf({ ...row, nbdPort: null })).toBeUndefined();
  expect(numbersOf({ transport: 'ssh2' }).endpointsOf(row)).toBeUndefined();
});
