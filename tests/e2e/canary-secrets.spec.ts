import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../apps/oma/src/config/load-config.js';
import { createDataSource } from '../../apps/oma/src/database/data-source.js';
import { filesWith } from '../stack/canary.js';
import { CloudstackTargetHost } from '../stack/cloudstack-target-host.js';
import { Stack } from '../stack/launch-stack.js';
import { VmwareSample } from '../stack/vmware-sample.js';
import { callEveryGet } from './canaries/every-get.js';
import { listenToFeed } from './canaries/feed-ear.js';
import { Hearing } from './canaries/hearing.js';
import { ProcessWatch } from './canaries/process-watch.js';
import { privateKey, secretOf, type Secret } from './canaries/secret.js';
import { Workload, newPassword } from './canaries/workload.js';

/*
 * Invariant S8: no secret stands in clear in the database, its dump, logs, the audit log and its anchors, answers, the
 * feed, arguments or environments. Each secret is used, well and badly; then everything is searched for it.
 */

const HANDED_OUT_AT_SET_UP = 'POST /api/v1/access/set-up';
/** No machine is managed here, so nothing is there. */
const OF_A_MACHINE = [
  '/api/v1/failover/preflight',
  '/api/v1/failover/runs/{id}',
  '/api/v1/network-mappings',
  '/api/v1/vm-contexts/{id}',
  '/api/v1/vm-contexts/{id}/recovery-points',
];
const ADMIN_PASSWORD = newPassword();
const api = new Hearing();
const secrets: Secret[] = [secretOf('the administrator’s password', ADMIN_PASSWORD)];
let sample: VmwareSample;
let stack: Stack;
let target: CloudstackTargetHost;
let watch: ProcessWatch;
let feed: { close(): void };

const file = (name: string) => readFile(join(stack.directory, name));
const text = async (name: string) => (await file(name)).toString('utf8');

beforeAll(async () => {
  sample = await VmwareSample.make();
  watch = new ProcessWatch(() => secrets, new Set([process.pid, sample.vcsim.pid]));
  stack = await Stack.launch({
    guest: 'none',
    target: 'cloudstack',
    password: ADMIN_PASSWORD,
    heard: api.heard,
    omaEnvironment: { OSSEA_LOG_LEVEL: 'debug' },
  });
  api.baseUrl = stack.api.baseUrl;
  if (!(stack.target instanceof CloudstackTargetHost)) throw new Error('another target was asked for');
  target = stack.target;
  feed = listenToFeed(api.baseUrl, stack.api.token, api.heard);
  const [, setUpCode = ''] = /Set-up code, valid once: (\S+)/.exec(await text('oma.log')) ?? [];
  const said = (what: string) => api.said.find((one) => one.what === what)?.raw ?? '';
  secrets.push(
    // told to whoever starts the appliance, and of no use since
    secretOf('the set-up code', setUpCode, { homes: ['oma.log'] }),
    secretOf('the session of the set-up', /osseas_[\w-]{43}/.exec(said(HANDED_OUT_AT_SET_UP))?.[0] ?? '', {
      givenBy: [HANDED_OUT_AT_SET_UP],
    }),
    secretOf('the token of the set-up', stack.api.token, { givenBy: ['POST /api/v1/access/tokens'] }),
    secretOf('the first key of stored secrets', await file('o/kek')),
    privateKey('the host key', await text('o/tunnel-host-key'), 'o/tunnel-host-key'),
    privateKey('the key of agent tokens', await text('o/agent-token-key'), 'o/agent-token-key'),
    privateKey('the key of anchors', await text('o/audit-key'), 'o/audit-key'),
    privateKey('the key of the VMA', await text('s0/v/vma-key'), 's0/v/vma-key'),
  );
});
afterAll(async () => {
  feed?.close();
  await watch?.stop();
  await stack?.[Symbol.asyncDispose]();
  await sample?.[Symbol.asyncDispose]();
});

describe('a secret', () => {
  it('is used in every way, well and badly', async () => {
    const workload = new Workload(stack, api, secrets, ADMIN_PASSWORD);
    await workload.signInsRightAndWrong();
    await workload.tokens();
    await workload.connections(sample);
    await workload.cloudstack(target);
    await workload.enrolments();
    await workload.recovery();
    await workload.rotation();
    secrets.push(secretOf('the second key of stored secrets', await file('o/kek'), { homes: ['o/kek'] }));
    const statuses = await callEveryGet(api, workload.token, workload.ids);
    const unanswered = [...statuses].filter(([, status]) => status !== 200).map(([path]) => path);
    expect(unanswered.sort()).toEqual(OF_A_MACHINE);
    expect([...statuses.values()].filter((status) => status >= 500)).toEqual([]);
    expect(statuses.size).toBeGreaterThan(30);
    expect(secrets.length).toBeGreaterThan(25);
  });

  it('is in no answer and no message of the feed but the one that is made to give it out', () => {
    expect(api.said.some(({ what }) => what === 'feed snapshot')).toBe(true);
    expect(api.said.some(({ what }) => what === 'feed event')).toBe(true);
    expect(api.said.some(({ what }) => what === 'GET /api/v1/audit/export')).toBe(true);
    const found = secrets.map((secret) => [secret.name, [...api.saidWith(secret)].sort()]);
    expect(found).toEqual(secrets.map(({ name, givenBy }) => [name, [...givenBy].sort()]));
  });

  it('is in no arguments and no environment of a process', async () => {
    await watch.stop();
    expect(watch.looks).toBeGreaterThan(20);
    expect([...watch.seen]).toEqual([]);
  });

  it('is in no file but its own home, while the appliances run', async () => {
    expect(await filesOfEach()).toEqual(secrets.map(({ name, homes }) => [name, homes]));
  });

  it('is in no dump of the database, and in no file after all has ended', async () => {
    await stack.sites[0]?.vma.stop();
    await stack.oma.stop();
    const rows = await dump();
    expect(rows).toContain('canary');
    for (const { name, forms } of secrets)
      expect([name, forms.filter((form) => rows.includes(form))]).toEqual([name, []]);
    expect(await filesOfEach()).toEqual(secrets.map(({ name, homes }) => [name, homes]));
  });
});

/** Below the stack, what CloudStack keeps of its own accounts aside. */
async function filesOfEach(): Promise<[string, string[]][]> {
  const found: [string, string[]][] = [];
  for (const { name, forms } of secrets) {
    const paths = (await filesWith(stack.directory, forms)).map((path) => relative(stack.directory, path));
    found.push([name, paths.filter((path) => !path.startsWith('c/')).sort()]);
  }
  return found;
}

/** Every value of every table, through the driver, a character a byte. */
async function dump(): Promise<string> {
  const database = await createDataSource(parseConfig({ stateDir: join(stack.directory, 'o') })).initialize();
  try {
    const parts: string[] = [];
    for (const { tableName } of database.entityMetadatas)
      for (const row of await database.query<Record<string, unknown>[]>(`SELECT * FROM "${tableName}"`))
        for (const value of Object.values(row))
          parts.push(Buffer.from(value instanceof Uint8Array ? value : String(value)).toString('latin1'));
    return parts.join('\n');
  } finally {
    await database.destroy();
  }
}
