import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig, parseConfig } from './load-config.js';

const OMA = { host: 'oma.example' };
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vc-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('needs a state directory and an OMA, nothing else', () => {
  expect(parseConfig({ stateDir: '/s', oma: OMA })).toMatchObject({
    oma: { host: 'oma.example', port: 443 },
    api: { port: 8081 },
    nbd: {},
    tunnel: { connections: 1, client: 'ssh2' },
    enrolment: { askEveryMs: 2_000, askAtMostEveryMs: 30_000 },
    copying: { engine: 'auto', atOnce: 16 },
    log: { level: 'info' },
  });
});

it('comes from a file, from the environment over it, and from files that the environment names', async () => {
  const file = join(directory, 'vma.yaml');
  const host = join(directory, 'host');
  await writeFile(file, 'stateDir: /from-file\noma: { host: a.example, port: 1 }\ncopying: { atOnce: 3 }\n');
  await writeFile(host, 'b.example\n');
  const environment = {
    OSSEA_VMA_CONFIG: file,
    OSSEA_VMA_OMA_HOST_FILE: host,
    OSSEA_VMA_OMA_PORT: '2',
    OSSEA_VMA_NBD_PORT: '0',
    OSSEA_VMA_ENGINE: 'reference',
    OSSEA_VMA_PLUGIN_PACKAGES: 'one, @scope/two,',
    OSSEA_VMA_SOMETHING: 'is not ours',
  };
  expect(await loadConfig({ environment })).toMatchObject({
    stateDir: '/from-file',
    oma: { host: 'b.example', port: 2 },
    nbd: { port: 0 },
    copying: { atOnce: 3, engine: 'reference' },
    plugins: { packages: ['one', '@scope/two'] },
  });
});

it.each([
  [{}, 'config.missing', ['stateDir', 'oma']],
  [{ stateDir: '/s', oma: { ...OMA, port: 'hunter2' } }, 'config.invalid', ['oma.port']],
  [{ stateDir: '/s', oma: OMA, api: { port: 65_536 } }, 'config.invalid', ['api.port']],
  [{ stateDir: '/s', oma: OMA, tunnel: { connections: 0 } }, 'config.invalid', ['tunnel.connections']],
  [
    { stateDir: '/s', oma: OMA, tunnel: { connections: 2, client: 'openssh' } },
    'config.invalid',
    ['tunnel.connections'],
  ],
  [{ stateDir: '/s', oma: OMA, copying: { engine: 'hunter2' } }, 'config.invalid', ['copying.engine']],
  [{ stateDir: '/s', oma: OMA, api: { prot: 'hunter2' } }, 'config.invalid', ['api.prot: no such setting']],
  [
    { stateDir: '/s', oma: OMA, plugins: { packages: ['../hunter2'] } },
    'config.invalid',
    ['plugins.packages.0'],
  ],
])('names what is wrong in %j, and no value', (input, code, names) => {
  let thrown: unknown;
  try {
    parseConfig(input);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code });
  const { message } = thrown as Error;
  for (const name of names) expect(message).toContain(name);
  expect(message).not.toContain('hunter2');
});

it('names a file that cannot be read or is no YAML, without quoting it', async () => {
  const missing = loadConfig({ environment: { OSSEA_VMA_CONFIG: join(directory, 'hunter2') } });
  await expect(missing).rejects.toMatchObject({ code: 'config.missing' });
  await expect(missing).rejects.not.toThrow('hunter2');
  const file = join(directory, 'vma.yaml');
  await writeFile(file, 'stateDir: [hunter2');
  const broken = loadConfig({ file, environment: {} });
  await expect(broken).rejects.toMatchObject({ code: 'config.invalid' });
  await expect(broken).rejects.not.toThrow('hunter2');
  const secret = loadConfig({ environment: { OSSEA_VMA_OMA_HOST_FILE: join(directory, 'hunter2') } });
  await expect(secret).rejects.toThrow('OSSEA_VMA_OMA_HOST_FILE');
});
