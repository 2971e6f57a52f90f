import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../../../apps/cli/src/run-cli.js';
import { ADMIN_PASSWORD, Appliance } from '../oma-shell/appliance.js';

let oma: Appliance;
let home: string;
beforeAll(async () => {
  oma = await Appliance.start();
  home = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterAll(async () => {
  await oma[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** `ossea …` as somebody types it, against the appliance. */
async function ossea(line: string, stdin = '', token?: string) {
  let out = '';
  let err = '';
  const into = (take: (text: string) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        take(chunk.toString());
        done();
      },
    });
  const code = await runCli(line.split(' '), {
    environment: { server: oma.url, configDir: home, ...(token === undefined ? {} : { token }) },
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    stdout: into((text) => (out += text)),
    stderr: into((text) => (err += text)),
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

it('signs in, keeps people and programs, and signs out', async () => {
  expect(await ossea('login', 'wrong')).toMatchObject({ code: 5 });
  const entered = await ossea('login', `${ADMIN_PASSWORD}\n`);
  expect(entered).toMatchObject({ code: 0 });
  expect(entered.err).toContain('as admin (administrator)');
  expect((await ossea('whoami')).out).toContain('users.manage');
  expect(await ossea('reauthenticate', ADMIN_PASSWORD)).toMatchObject({ code: 0 });

  expect((await ossea('user add ada --role operator', 'too short')).code).toBe(2);
  expect(await ossea('user add ada --role operator', 'a password of hers')).toMatchObject({ code: 0 });
  expect(await ossea('user add nightly --role service')).toMatchObject({ code: 0 });
  expect(await ossea('user change ada --role approver')).toMatchObject({ code: 0 });
  expect((await ossea('user list')).out).toMatch(/ada +approver +active/);
  expect(await ossea('user sign-out ada')).toMatchObject({ code: 0 });
  expect(await ossea('user change ada --disable')).toMatchObject({ code: 0 });
  expect((await ossea('user list')).out).toMatch(/ada +approver +disabled/);

  const scopes = '--scope state.read replication.run';
  const made = await ossea(`-o json token create of-tests --for nightly ${scopes}`);
  expect(made.code).toBe(0);
  const { id, token } = JSON.parse(made.out) as { id: string; token: string };
  expect((await ossea('whoami', '', token)).out).toMatch(/name +nightly\/of-tests\s+role +service/);
  expect((await ossea('token list --all')).out).toContain(id);
  expect((await ossea('token list --all')).out).not.toContain(token);
  expect(await ossea(`token revoke ${id} --of-another`)).toMatchObject({ code: 0 });
  expect(await ossea('whoami', '', token)).toMatchObject({ code: 5 });

  expect(await ossea('user remove ada --yes')).toMatchObject({ code: 0 });
  expect(await ossea('user remove admin --yes')).toMatchObject({ code: 4 });
  expect(await ossea('logout')).toMatchObject({ code: 0 });
  expect((await ossea('whoami')).code).toBe(5);
});
