import { MigrationError, toProblem } from '@ossea/errors';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliHarness } from './cli-harness.js';
import { StubOma } from './stub-oma.js';

const VMA_ID = 'vma_01J00000000000000000000000';
const NOW = '2026-01-02T03:04:05.678Z';
const entered = (token: string, more: object = {}) => ({
  kind: 'bearer',
  userId: 'usr_01J00000000000000000000000',
  name: 'admin',
  role: 'administrator',
  permissions: ['self.use'],
  token,
  ...more,
});
const vma = (state: string) => ({
  id: VMA_ID,
  name: 'site-1',
  state,
  fingerprint: 'SHA256:abc',
  words: 'basi doku gilo muru nadi pagu',
  connected: false,
  createdAt: NOW,
});

let cli: CliHarness;
beforeEach(async () => (cli = await CliHarness.start()));
afterEach(() => cli[Symbol.asyncDispose]());

describe('signing in', () => {
  it('keeps the token in a file of its own, for its owner only', async () => {
    cli.oma.on('POST /api/v1/access/sign-in', {
      body: entered('tok-2', { expiresAt: NOW }),
    });
    cli.oma.on('GET /api/v1/plugins', { body: { items: [], failures: [] } });
    const { code, out, err } = await cli.runBare(['login', '--server', cli.oma.url], 'the password 123\n');
    expect(code).toBe(0);
    expect(cli.oma.asked[0]?.body).toEqual({ name: 'admin', password: 'the password 123' });
    expect(out + err).not.toContain('tok-2');
    const file = join(cli.configDir, 'login.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ server: cli.oma.url, token: 'tok-2' });

    expect(await cli.runBare(['plugin', 'list'])).toMatchObject({ code: 0 });
    expect(cli.oma.asked.at(-1)?.headers['authorization']).toBe('Bearer tok-2');
    cli.oma.on('POST /api/v1/access/sign-out', { status: 204, body: {} });
    await cli.runBare(['logout']);
    expect(cli.oma.asked.at(-1)).toMatchObject({ headers: { authorization: 'Bearer tok-2' } });
    expect(await cli.runBare(['plugin', 'list'])).toMatchObject({ code: 2 });
  });

  it('trades the set-up code and a new password', async () => {
    cli.oma.on('POST /api/v1/access/set-up', {
      status: 201,
      body: entered('tok-3'),
    });
    const args = ['login', '--set-up', '--server', cli.oma.url];
    expect(await cli.runBare(args, 'AAAA-BBBB\nmy long password\n')).toMatchObject({ code: 0 });
    expect(cli.oma.asked.map(({ body }) => body)).toEqual([
      { code: 'AAAA-BBBB', password: 'my long password', name: 'admin' },
    ]);
  });

  it('keeps nothing when it was refused', async () => {
    const refusal = toProblem(new MigrationError('access.unauthenticated', 'The password is wrong.'));
    cli.oma.on('POST /api/v1/access/sign-in', { status: 401, body: refusal });
    expect(await cli.runBare(['login', '--server', cli.oma.url], 'x')).toMatchObject({ code: 5 });
    await expect(stat(join(cli.configDir, 'login.json'))).rejects.toThrow('ENOENT');
  });

  it('gives the token of one appliance to no other one', async () => {
    await using other = await StubOma.start();
    other.on('GET /api/v1/plugins', { body: { items: [], failures: [] } });
    cli.oma.on('POST /api/v1/access/sign-in', { body: entered('tok-2') });
    await cli.runBare(['login', '--server', cli.oma.url], 'password');
    await cli.runBare(['--server', other.url, 'plugin', 'list']);
    expect(other.asked[0]?.headers['authorization']).toBeUndefined();
  });
});

describe('secrets', () => {
  it.each(['--password=hunter2', '--token', '--pairing-code', '--api-key=x', '--secret'])(
    '%s is refused with the reason, before anything else',
    async (flag) => {
      const { code, err } = await cli.run(['login', flag, 'hunter2']);
      expect(code).toBe(2);
      expect(err).toContain('standard input');
      expect(err).not.toContain('hunter2');
      expect(cli.oma.asked).toEqual([]);
    },
  );

  it('in settings come from standard input, and are not repeated when they are not JSON', async () => {
    const args = ['connection', 'add', '--name', 'c', '--kind', 'target', '--plugin', 'cloud'];
    cli.oma.on('POST /api/v1/connections', ({ body }) => ({
      status: 201,
      body: {
        id: 'con_01J00000000000000000000000',
        ...(body as object),
        settings: { apiSecret: '********' },
        version: 1,
        createdAt: NOW,
        updatedAt: NOW,
      },
    }));
    const { code, out } = await cli.run(args, '{"apiSecret":"hunter2"}');
    expect(code).toBe(0);
    expect(cli.oma.asked[0]?.body).toMatchObject({ pluginId: 'cloud', settings: { apiSecret: 'hunter2' } });
    expect(out).not.toContain('hunter2');
    const broken = await cli.run(args, '{"apiSecret":"hunter2"');
    expect(broken.code).toBe(2);
    expect(broken.err).not.toContain('hunter2');
  });
});

describe('approving a VMA', () => {
  it('sends the fingerprint that was compared', async () => {
    cli.oma.on('GET /api/v1/admin/vma', { body: { items: [vma('pending')] } });
    cli.oma.on(`POST /api/v1/admin/vma/approve/${VMA_ID}`, { body: vma('approved') });
    const { code, out } = await cli.run(['vma', 'approve', 'site-1', '--fingerprint', 'SHA256:abc']);
    expect(code).toBe(0);
    expect(out).toContain('approved');
    expect(cli.oma.asked.at(-1)).toMatchObject({ body: { fingerprint: 'SHA256:abc' } });
    expect(cli.oma.asked.at(-1)?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('sends the words that were compared instead', async () => {
    cli.oma.on('GET /api/v1/admin/vma', { body: { items: [vma('pending')] } });
    cli.oma.on(`POST /api/v1/admin/vma/approve/${VMA_ID}`, { body: vma('approved') });
    const words = 'basi doku gilo muru nadi pagu';
    expect((await cli.run(['vma', 'approve', 'site-1', '--words', words])).code).toBe(0);
    expect(cli.oma.asked.at(-1)?.body).toEqual({ words });
  });

  it('shows fingerprint and words, and approves nothing when nobody compares it', async () => {
    cli.oma.on('GET /api/v1/admin/vma', { body: { items: [vma('pending')] } });
    const { code, err } = await cli.run(['vma', 'approve', VMA_ID]);
    expect(code).toBe(2);
    expect(err).toContain('SHA256:abc');
    expect(err).toContain('basi doku');
    expect(cli.oma.asked.every(({ method }) => method === 'GET')).toBe(true);
  });
});
