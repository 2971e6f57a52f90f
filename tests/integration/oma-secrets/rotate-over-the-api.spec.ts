import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, Job, Problem, SECRET_MASK, SecretKeys } from '@ossea/api-contract';
import { describe, expect, it } from 'vitest';
import { Job as JobRow } from '../../../apps/oma/src/jobs/job.entity.js';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';

const CHOSEN = [
  'zoneId',
  'applianceVmId',
  'templateId',
  'serviceOfferingId',
  'diskOfferingId',
  'networkId',
  'testNetworkOfferingId',
];
const connection = {
  name: 'cloud',
  kind: 'target',
  pluginId: 'cloudstack',
  settings: {
    apiUrl: 'https://cloud.example',
    apiKey: 'the-api-key',
    secretKey: 'the-secret-key',
    ...Object.fromEntries(CHOSEN.map((name) => [name, '5bb4ed51-1c47-4cf9-b2e0-8cd9d4e0e5e1'])),
  },
};

async function jobOf(oma: Appliance, verb: string): Promise<Job> {
  const { status, body } = await oma.call(`admin/secrets/${verb}`, { method: 'POST' });
  expect(status).toBe(202);
  return Job.parse((await oma.call(`jobs/${Job.parse(body).id}?wait=30s`)).body);
}

describe.each(ENGINES)('the key of stored secrets on %s', (engine) => {
  it('is rotated by a job; secrets stay, and the old key is gone', async () => {
    await using oma = await Appliance.start({ engine });
    const before = await readFile(join(oma.stateDir, 'kek'));
    const created = Connection.parse((await oma.call('connections', { body: connection })).body);
    const old = SecretKeys.parse((await oma.call('admin/secrets')).body);
    expect(old).toMatchObject({ source: 'file', items: [{ current: true, present: true }] });
    const sealed = old.items[0]?.secrets ?? 0;
    expect(sealed).toBeGreaterThan(0);

    const job = await jobOf(oma, 'rotate');
    expect(job).toMatchObject({ state: 'succeeded', result: { rewrapped: sealed, keysLeft: [] } });
    const now = SecretKeys.parse((await oma.call('admin/secrets')).body);
    expect(now.items).toEqual([{ ...old.items[0], id: now.items[0]?.id }]);
    expect(now.items[0]?.id).not.toBe(old.items[0]?.id);
    expect((await readFile(join(oma.stateDir, 'kek'))).equals(before)).toBe(false);

    const seen = Connection.parse((await oma.call(`connections/${created.id}`)).body);
    expect(seen).toEqual(created);
    // a mask keeps the secret, and to keep it the appliance opens it
    const changed = await oma.call(`connections/${created.id}`, {
      method: 'PATCH',
      body: { settings: seen.settings },
    });
    expect(changed.status).toBe(200);
    expect(seen.settings['secretKey']).toBe(SECRET_MASK);
    expect(await jobOf(oma, 'rewrap')).toMatchObject({ state: 'succeeded', result: { rewrapped: 0 } });
  });
});

it('is rotated to the end by the next life, when the process dies in the middle', async () => {
  await using oma = await Appliance.start();
  await oma.call('connections', { body: connection });
  const [old] = SecretKeys.parse((await oma.call('admin/secrets')).body).items;
  const done = await jobOf(oma, 'rewrap');
  // as a process leaves it that is killed just after the job was made
  await oma.restart((database) =>
    database.getRepository(JobRow).update(
      { id: done.id },
      {
        kind: 'rotate-secrets',
        state: 'running',
        lane: 'secrets',
        endedAt: null,
        input: { fromKey: old?.id } as object,
      },
    ),
  );
  const job = Job.parse((await oma.call(`jobs/${done.id}?wait=30s`)).body);
  expect(job).toMatchObject({ state: 'succeeded', result: { rewrapped: 2, keysLeft: [] } });
  const { items } = SecretKeys.parse((await oma.call('admin/secrets')).body);
  expect(items).toEqual([{ ...old, id: expect.not.stringMatching(old?.id ?? '') }]);
});

it('is rotated while people read and change connections: nobody notices', async () => {
  await using oma = await Appliance.start();
  const ids: string[] = [];
  for (let number = 0; number < 20; number += 1) {
    const { body } = await oma.call('connections', { body: { ...connection, name: `cloud ${number}` } });
    ids.push(Connection.parse(body).id);
  }
  const statuses = new Set<number>();
  let rotated = false;
  const work = async (id: string) => {
    do {
      const { settings } = Connection.parse((await oma.call(`connections/${id}`)).body);
      statuses.add((await oma.call(`connections/${id}`, { method: 'PATCH', body: { settings } })).status);
    } while (!rotated);
  };
  const working = Promise.all(ids.map(work));
  for (let round = 0; round < 3; round += 1)
    expect(await jobOf(oma, 'rotate')).toMatchObject({
      state: 'succeeded',
      result: { unreadable: 0, keysLeft: [] },
    });
  rotated = true;
  await working;
  expect([...statuses]).toEqual([200]);
  const { items } = SecretKeys.parse((await oma.call('admin/secrets')).body);
  expect(items).toMatchObject([{ current: true, present: true, secrets: ids.length * 2 }]);
});

it('is not rotated where systemd holds it; the answer says what to do', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cred-'));
  try {
    const kekCredential = join(directory, 'kek');
    await writeFile(kekCredential, randomBytes(32), { mode: 0o400 });
    await using oma = await Appliance.start({ config: { kekCredential } });
    const { status, body } = await oma.call('admin/secrets/rotate', { method: 'POST' });
    expect(status).toBe(409);
    expect(Problem.parse(body)).toMatchObject({
      code: 'secrets.keys-not-ours',
      cause: expect.stringContaining('kek.old'),
    });
    expect(SecretKeys.parse((await oma.call('admin/secrets')).body).source).toBe('credential');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
