import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { TunnelList } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../../../apps/cli/src/run-cli.js';
import { until } from '../../stack/probe.js';
import { Appliance } from '../oma-shell/appliance.js';
import { TunnelSite } from './tunnel-site.js';

let appliance: Appliance;
let site: TunnelSite;
let home: string;
beforeAll(async () => {
  appliance = await Appliance.start();
  site = await TunnelSite.around(appliance);
  home = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** `ossea …` with a token of every scope. */
async function ossea(line: string): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const into = (take: (text: string) => void) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        take(chunk.toString());
        done();
      },
    });
  const code = await runCli(line.split(' '), {
    environment: { server: appliance.url, configDir: home, token: appliance.token ?? '' },
    stdin: Readable.from([]),
    stdout: into((text) => (out += text)),
    stderr: into((text) => (err += text)),
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

const tunnels = async () => TunnelList.parse(JSON.parse((await ossea('-o json tunnel list')).out)).items;

it('shows where tunnels stand and what they became, and changes keys without losing one', async () => {
  const { id, fingerprint } = await site.connectedVma();
  await until('the tunnel is up', async () => (await ossea('tunnel list')).out.includes(' up '));
  expect((await ossea(`tunnel history ${id}`)).out).toContain('up');
  const [before] = (await tunnels())[0]?.sessions ?? [];
  expect(before).toMatchObject({ address: expect.stringContaining('127.0.0.1') as string });
  expect(await ossea(`tunnel cut ${id}`)).toMatchObject({ code: 0 });
  await until('it is back by another connection', async () => {
    const [now] = (await tunnels())[0]?.sessions ?? [];
    return now !== undefined && now.connection !== before?.connection;
  });
  await until('the tunnel is up again', async () => (await ossea('tunnel list')).out.includes(' up '));
  const rotated = await ossea(`tunnel rotate-key ${id}`);
  expect(rotated).toMatchObject({ code: 0 });
  await until('another key is in use', async () => (await site.vma(id)).fingerprint !== fingerprint);
  await until('the tunnel is up again', async () => (await ossea('tunnel list')).out.includes(' up '));
  const announced = await ossea('-o json tunnel rotate-host-key');
  expect(announced).toMatchObject({ code: 0 });
  await until('the VMA is back with another host key', async () => (await site.vma(id)).connected);
});
