import 'reflect-metadata';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDataSource } from '../../../apps/oma/src/database/data-source.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { Job } from '../../../apps/oma/src/jobs/job.entity.js';
import { until } from '../../stack/probe.js';
import { callAt } from './appliance.js';

const MAIN = fileURLToPath(new URL('../../../apps/oma/dist/main.js', import.meta.url));

let directory: string;
let children: ChildProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oma-'));
  children = [];
});
afterEach(async () => {
  for (const child of children)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

function run(environment: Record<string, string>): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const told = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (told.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (told.stderr += text));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...told })));
  return { child, ended };
}

const good = () => ({
  OSSEA_STATE_DIR: join(directory, 'state'),
  OSSEA_HTTP_PORT: '0',
  OSSEA_TLS_MODE: 'off',
  OSSEA_TUNNEL_HOST: '127.0.0.1',
  OSSEA_TUNNEL_PORT: '0',
  OSSEA_TUNNEL_FIRST_AGENT_PORT: '0',
});

const readyFile = () => join(directory, 'state', 'ready.json');
async function ready(): Promise<{ httpUrl: string; tunnelPort: number; pid: number }> {
  return until('it is ready', async () => JSON.parse(await readFile(readyFile(), 'utf8')) as never);
}

/** One that goes on for a long time, so that somebody can wait for it. */
async function addJobOfAnotherAppliance(): Promise<string> {
  const database = createDataSource({ database: { engine: 'sqlite' }, stateDir: join(directory, 'state') });
  await database.initialize();
  const now = new Date();
  const { id } = await database.getRepository(Job).save({
    id: newId('job'),
    kind: 'verify',
    category: 'replication',
    state: 'running',
    correlationId: 'c',
    requestedBy: 'test',
    input: {},
    percent: 0,
    ownerId: `${newId('oma')}:${newId('run')}`,
    leaseUntilMs: Date.now() + 600_000,
    createdAt: now,
    startedAt: now,
  });
  await database.destroy();
  return id;
}

describe('a wrong setting', () => {
  const SECRET = 'do-not-tell-me';

  it.each([
    ['no state directory', { OSSEA_STATE_DIR: undefined }, 'stateDir'],
    ['a port that is none', { OSSEA_HTTP_PORT: SECRET }, 'http.port'],
    ['a port out of range', { OSSEA_TUNNEL_PORT: '70000' }, 'tunnel.port'],
    ['an unknown database', { OSSEA_DATABASE_ENGINE: SECRET }, 'database.engine'],
    ['an unknown level', { OSSEA_LOG_LEVEL: SECRET }, 'log.level'],
    ['a certificate without its key', { OSSEA_TLS_CERT: SECRET }, 'tls.keyFile'],
    [
      'a certificate that is not there',
      { OSSEA_TLS_MODE: 'on', OSSEA_TLS_CERT: `/${SECRET}`, OSSEA_TLS_KEY: `/${SECRET}` },
      'tls.certFile',
    ],
    [
      'a value in a file that is not there',
      { OSSEA_DATABASE_PASSWORD_FILE: `/${SECRET}` },
      'OSSEA_DATABASE_PASSWORD_FILE',
    ],
    ['an address that is not ours', { OSSEA_HTTP_HOST: '203.0.113.7', OSSEA_TLS_MODE: 'off' }, 'http.host'],
    ['a configuration file that is not there', { OSSEA_CONFIG: `/${SECRET}` }, 'OSSEA_CONFIG'],
    ['a state directory that cannot be made', { OSSEA_STATE_DIR: '/dev/null/x' }, 'stateDir'],
  ] as [string, Record<string, string | undefined>, string][])(
    'stops the start and is named: %s',
    async (_what, wrong, name) => {
      const environment = Object.fromEntries(
        Object.entries({ ...good(), ...wrong }).filter(([, value]) => value !== undefined),
      ) as Record<string, string>;
      const { code, stderr, stdout } = await run(environment).ended;
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(name) as string });
      expect(stderr).toContain('xpected');
      expect(stderr + stdout).not.toContain(SECRET);
      expect(existsSync(readyFile())).toBe(false);
    },
  );

  it('is named when it stands in the file, with what nobody knows', async () => {
    const file = join(directory, 'oma.yaml');
    await writeFile(
      file,
      `stateDir: ${directory}/state\nhttp: { port: "${SECRET}" }\ndatabase: { engine: mariadb, username: u, password: ${SECRET} }\nplugs: ${SECRET}\n`,
    );
    const { code, stderr } = await run({ OSSEA_CONFIG: file }).ended;
    expect(code).toBe(2);
    for (const name of ['http.port', 'database.socketPath', 'plugs: no such setting'])
      expect(stderr).toContain(name);
    expect(stderr).not.toContain(SECRET);
    await writeFile(file, `stateDir: [\n  password: ${SECRET}`);
    const broken = await run({ OSSEA_CONFIG: file }).ended;
    expect(broken).toMatchObject({ code: 2, stderr: 'OSSEA_CONFIG: expected a file in YAML.\n' });
  });

  it('may be a port that somebody else has', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run({ ...good(), OSSEA_HTTP_PORT: String(port) }).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('http.port');
    server.close();
    // nothing is left that keeps the next start from its work
    const next = run(good());
    await ready();
    next.child.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
  });
});

describe('a life', () => {
  it('ends within seconds and with 0 on SIGTERM, also while somebody waits for an answer', async () => {
    const { child, ended } = run(good());
    const { httpUrl, pid } = await ready();
    expect(pid).toBe(child.pid);
    const code = (await readFile(join(directory, 'state', 'set-up-code'), 'utf8')).trim();
    const { body } = await callAt(httpUrl, 'access/set-up', { body: { code, password: 'correct horse' } });
    const call = { token: String(body['token']) };
    expect((await callAt(httpUrl, 'health/detail', call)).status).toBe(200);
    const jobId = await addJobOfAnotherAppliance();
    const waiting = callAt(httpUrl, `jobs/${jobId}?wait=60s`, call).then(
      ({ status }) => status,
      () => 'cut off',
    );
    await expect(Promise.race([waiting, callAt(httpUrl, 'jobs', call)])).resolves.toMatchObject({
      status: 200,
    });
    const began = Date.now();
    child.kill('SIGTERM');
    const { code: exitCode, stderr, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await waiting).toBe('cut off');
    expect(existsSync(readyFile())).toBe(false);
    expect(await readdir(join(directory, 'state', 'owners'))).toEqual([]);
    // the code was told once, and no secret ever
    expect(stderr.split(code)).toHaveLength(2);
    expect(stdout).not.toContain(code);
    expect(stdout).not.toContain(call.token);
    expect(stdout).toContain(httpUrl);
  });

  it('has its state directory for itself', async () => {
    const first = run(good());
    await ready();
    const second = await run(good()).ended;
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('stateDir: expected a directory that no other process uses');
    expect((await stat(join(directory, 'state'))).mode & 0o777).toBe(0o700);
    first.child.kill('SIGKILL');
    await first.ended;
    // a former life that was cut off leaves its claim, and that keeps nobody away
    expect(await readdir(join(directory, 'state', 'owners'))).toHaveLength(1);
    const third = run(good());
    await until('the next life has told its own', async () => (await ready()).pid === third.child.pid);
    expect(await readdir(join(directory, 'state', 'owners'))).toHaveLength(1);
    third.child.kill('SIGTERM');
    expect((await third.ended).code).toBe(0);
  });

  it('narrows a state directory that others could read', async () => {
    await run({ ...good(), OSSEA_HTTP_PORT: 'x' }).ended;
    const state = join(directory, 'state');
    const { child, ended } = run(good());
    await ready();
    child.kill('SIGTERM');
    await ended;
    await chmod(state, 0o755);
    const again = run(good());
    await ready();
    expect((await stat(state)).mode & 0o777).toBe(0o700);
    again.child.kill('SIGTERM');
    expect((await again.ended).stderr).toBe('');
  });
});
