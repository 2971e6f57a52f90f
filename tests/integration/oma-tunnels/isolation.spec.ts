import 'reflect-metadata';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyPair } from '@ossea/tunnel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { until } from '../../stack/probe.js';
import { TunnelSite, type EnrolledVma } from './tunnel-site.js';

/*
 * Invariant S2: two VMAs, each with its live tunnel to the same OMA, and neither reaches anything of the other's. What
 * serves the exports is a real NBD server where the OMA keeps each VMA's storage daemon.
 */
const exec = promisify(execFile);
type Ssh2 = typeof import('ssh2');
const ssh2 = createRequire(import.meta.url)('ssh2') as Ssh2;

let site: TunnelSite;
let vmas: readonly [EnrolledVma, EnrolledVma];
const exportOf = (vma: EnrolledVma) => `vol-${vma.id.toLowerCase()}`;

beforeAll(async () => {
  site = await TunnelSite.start();
  vmas = [await site.connectedVma(), await site.connectedVma()];
  for (const vma of vmas) await serve(vma);
});
afterAll(() => site[Symbol.asyncDispose]());

async function serve(vma: EnrolledVma): Promise<void> {
  const { stateDir } = site.appliance;
  const image = join(stateDir, `${vma.id}.raw`);
  await writeFile(image, '');
  await truncate(image, 1 << 20);
  const socket = nbdSocketPath(join(stateDir, 'run'), vma.id);
  const server = spawn('qemu-nbd', ['-t', '-e', '8', '-f', 'raw', '-x', exportOf(vma), '-k', socket, image]);
  site.later(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill();
    await once(server, 'exit');
  });
  await until('qemu-nbd listens', () => sizeAt(socket, exportOf(vma)));
}

const sizeAt = async (socket: string, name: string): Promise<string> =>
  (await exec('nbdinfo', ['--size', `nbd+unix:///${name}?socket=${socket}`])).stdout.trim();

/** What a VMA's own key can be made to do with an SSH client that asks for anything. */
async function raw(vma: EnrolledVma) {
  const key: KeyPair = await new StateFiles(vma.config.stateDir).keyPair();
  const client = new ssh2.Client();
  site.later(() => client.destroy());
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.once('ready', () => resolve());
    client.connect({
      host: '127.0.0.1',
      port: site.port,
      username: 'vma',
      privateKey: key.privateKey,
      strictVendor: false,
    });
  });
  return client;
}

describe.each([0, 1] as const)('VMA %i', (index) => {
  const mine = () => vmas[index];
  const other = () => vmas[index === 0 ? 1 : 0];

  it('opens its own export', async () => {
    expect(await sizeAt(mine().running.nbdSocketPath, exportOf(mine()))).toBe('1048576');
  });

  it('is told that the other’s export does not exist, by its exact name', async () => {
    const asked = sizeAt(mine().running.nbdSocketPath, exportOf(other()));
    await expect(asked).rejects.toThrow(/server has no export named/);
    const { stdout } = await exec('nbdinfo', [
      '--list',
      '--json',
      `nbd+unix:///?socket=${mine().running.nbdSocketPath}`,
    ]);
    expect(stdout).toContain(exportOf(mine()));
    expect(stdout).not.toContain(exportOf(other()));
  });

  it('reaches no other port and no socket through its live tunnel, nor the other’s agent', async () => {
    const { agentPort } = await site.vma(other().id);
    const { port: httpPort } = new URL(site.appliance.url);
    const client = await raw(mine());
    // the same client is let through to what is its own
    const own = new Promise((resolve) =>
      client.forwardOut('127.0.0.1', 0, '127.0.0.1', 10_809, (error) => resolve(error ?? 'granted')),
    );
    expect(await own).toBe('granted');
    const run = join(site.appliance.stateDir, 'run');
    const ports = [
      22,
      443,
      10_808,
      8081,
      site.port,
      Number(httpPort),
      agentPort ?? 0,
      other().running.apiPort,
    ];
    for (const port of ports) {
      const refused = new Promise((resolve) =>
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error) => resolve(error)),
      );
      expect(await refused, `port ${port}`).toBeInstanceOf(Error);
    }
    for (const name of [nbdSocketPath(run, other().id), join(run, 'tunnel.sock')]) {
      const refused = new Promise((resolve) =>
        client.openssh_forwardOutStreamLocal(name, (error) => resolve(error)),
      );
      expect(await refused, name).toBeInstanceOf(Error);
    }
    for (const port of [agentPort ?? 0, 9_082, 0]) {
      const refused = new Promise((resolve) =>
        client.forwardIn('127.0.0.1', port, (error) => resolve(error)),
      );
      expect(await refused, `listening on ${port}`).toBeInstanceOf(Error);
    }
    client.end();
    expect(await site.vma(other().id)).toMatchObject({ connected: true });
  });
});

it('gives each its agent at a listener of its own', async () => {
  const [a, b] = await Promise.all(vmas.map(({ id }) => site.vma(id)));
  expect(a?.agentPort).not.toBe(b?.agentPort);
  const { privateKey } = await new StateFiles(vmas[0].config.stateDir).keyPair();
  expect(privateKey).not.toBe((await new StateFiles(vmas[1].config.stateDir).keyPair()).privateKey);
});

it('ends the control channel of whoever does not know the nonce', async () => {
  const socket = net.connect(join(site.appliance.stateDir, 'run', 'tunnel.sock'));
  await once(socket, 'connect');
  socket.write(
    '{"type":"hello","nonce":"guess"}\n{"type":"connected","id":"x","address":"x","connection":1}\n',
  );
  await once(socket, 'close');
  expect(await readFile(join(site.appliance.stateDir, 'ready.json'), 'utf8')).toContain('tunnelPort');
});
