import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from './load-config.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ossea-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the configuration', () => {
  it('needs a state directory and nothing else', () => {
    expect(parseConfig({ stateDir: '/s' })).toMatchObject({
      http: { host: '127.0.0.1', port: 3001 },
      tls: { mode: 'on' },
      tunnel: { host: '0.0.0.0', port: 443, firstAgentPort: 9081, transport: 'ssh2', firstNbdPort: 30_000 },
      database: { engine: 'sqlite' },
      log: { level: 'info' },
    });
  });

  it('comes from a file, and from the environment over it', async () => {
    const file = join(directory, 'oma.yaml');
    await writeFile(file, 'stateDir: /from-file\nhttp: { port: 1, host: 127.0.0.2 }\n');
    const environment = {
      OSSEA_CONFIG: file,
      OSSEA_HTTP_PORT: '2',
      OSSEA_PLUGIN_PACKAGES: 'one, @scope/two,',
      OSSEA_UNKNOWN: 'is not ours',
    };
    expect(await loadConfig({ environment })).toMatchObject({
      stateDir: '/from-file',
      http: { host: '127.0.0.2', port: 2 },
      plugins: { packages: ['one', '@scope/two'] },
    });
  });

  it('takes a secret from a file that a variable names, without the line end', async () => {
    const file = join(directory, 'password');
    await writeFile(file, 's3cret\n');
    const { database } = await loadConfig({
      environment: {
        OSSEA_STATE_DIR: '/s',
        OSSEA_DATABASE_ENGINE: 'mariadb',
        OSSEA_DATABASE_HOST: 'db.example',
        OSSEA_DATABASE_USERNAME: 'oma',
        OSSEA_DATABASE_PASSWORD: 'is not looked at',
        OSSEA_DATABASE_PASSWORD_FILE: file,
      },
    });
    expect(database).toMatchObject({ engine: 'mariadb', password: 's3cret', database: 'ossea' });
  });

  it('takes the key of secrets from systemd where no key file is named', async () => {
    await writeFile(join(directory, 'kek'), 'k');
    const environment = { OSSEA_STATE_DIR: '/s', CREDENTIALS_DIRECTORY: directory };
    const kekCredential = join(directory, 'kek');
    expect(await loadConfig({ environment })).toMatchObject({ kekCredential });
    const named = await loadConfig({ environment: { ...environment, OSSEA_KEK_PATH: '/k' } });
    expect(named).toMatchObject({ kekFile: '/k' });
    expect(named.kekCredential).toBeUndefined();
    await rm(kekCredential);
    expect((await loadConfig({ environment })).kekCredential).toBeUndefined();
  });

  it.each([
    [{}, 'config.missing', ['stateDir']],
    [{ stateDir: '', http: { port: 65_536 } }, 'config.invalid', ['stateDir', 'http.port']],
    [
      { stateDir: '/s', http: { prot: 1 }, extra: 1 },
      'config.invalid',
      ['http.prot: no such setting', 'extra'],
    ],
    [
      { stateDir: '/s', database: { engine: 'mariadb', username: 'u' } },
      'config.invalid',
      ['database.socketPath'],
    ],
    [{ stateDir: '/s', plugins: { packages: ['../evil.js'] } }, 'config.invalid', ['plugins.packages.0']],
  ])('names what is wrong in %j', (input, code, names) => {
    let thrown: unknown;
    try {
      parseConfig(input);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code });
    for (const name of names) expect((thrown as Error).message).toContain(name);
  });
});
