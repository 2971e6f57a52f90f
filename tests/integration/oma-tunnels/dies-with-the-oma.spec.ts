import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { accepts } from './tunnel-site.js';

const MAIN = fileURLToPath(new URL('../../../apps/oma/dist/main.js', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oma-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('the tunnel server does not outlive an OMA that is killed, and its next life has the same host key', async () => {
  const stateDir = join(directory, 'state');
  const hostKeys: string[] = [];
  let port = 0;
  for (let life = 0; life < 2; life += 1) {
    const oma = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        OSSEA_STATE_DIR: stateDir,
        OSSEA_HTTP_PORT: '0',
        OSSEA_TLS_MODE: 'off',
        OSSEA_TUNNEL_HOST: '127.0.0.1',
        OSSEA_TUNNEL_PORT: String(port),
        OSSEA_TUNNEL_FIRST_AGENT_PORT: '0',
        OSSEA_LOG_LEVEL: 'silent',
      },
      stdio: 'ignore',
    });
    const ended = once(oma, 'exit');
    const ready = await until(
      'it is ready',
      async () => {
        const told = JSON.parse(await readFile(join(stateDir, 'ready.json'), 'utf8')) as {
          readonly pid: number;
          readonly tunnelPort: number;
        };
        return told.pid === oma.pid ? told : undefined;
      },
      { timeoutMs: 60_000 },
    );
    // the second life takes the very port: nothing of the first one holds it
    port = ready.tunnelPort;
    expect(await accepts({ port, host: '127.0.0.1' })).toBe(true);
    hostKeys.push(await readFile(join(stateDir, 'tunnel-host-key'), 'utf8'));
    oma.kill('SIGKILL');
    await ended;
    await until('nobody listens any more', async () => !(await accepts({ port, host: '127.0.0.1' })));
  }
  expect(hostKeys[1]).toBe(hostKeys[0]);
});
