import { rm } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { TunnelEventPage, TunnelList, type Tunnel } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { until } from '../../stack/probe.js';
import { TunnelSite, type EnrolledVma } from './tunnel-site.js';

/* A tunnel whose way to the OMA is dead while all else is well: only the VMA can find that out, and it does. */

const GREETING = Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), Buffer.from([0, 3])]);

let site: TunnelSite;
let vma: EnrolledVma;
let daemon: net.Server | undefined;
beforeAll(async () => {
  const tunnel = { host: '127.0.0.1', port: 0, firstAgentPort: 0, probeSeconds: 1 };
  site = await TunnelSite.start({ tunnel });
  vma = await site.connectedVma({ tunnel: { probeSeconds: 1 } });
});
afterAll(async () => {
  await stopDaemon();
  await site[Symbol.asyncDispose]();
});

/** What stands where the storage daemon of the VMA would. */
async function serveDaemon(onConnection: (socket: net.Socket) => void): Promise<void> {
  await stopDaemon();
  const path = nbdSocketPath(join(site.appliance.stateDir, 'run'), vma.id);
  await rm(path, { force: true });
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  daemon = server;
}

async function stopDaemon(): Promise<void> {
  const server = daemon;
  daemon = undefined;
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
}

const tunnel = async (): Promise<Tunnel> =>
  TunnelList.parse((await site.appliance.call('tunnels')).body).items.find(({ vmaId }) => vmaId === vma.id)!;

it('takes a daemon that is not there for no failure: the OMA was reached', async () => {
  const now = await until('both directions were tried', async () => {
    const one = await tunnel();
    return one.rttMs.toOma !== undefined && one.rttMs.toVma !== undefined ? one : undefined;
  });
  expect(now).toMatchObject({ state: 'up', restarts: 0 });
});

it('is half-open when the daemon takes connections and says nothing; the VMA has the tunnel made anew', async () => {
  await serveDaemon((socket) => socket.end());
  const restarted = await until('the VMA has forced a restart', async () => {
    const one = await tunnel();
    return one.restarts > 0 && one.state === 'half-open' ? one : undefined;
  });
  expect(restarted).toMatchObject({
    direction: 'to-oma',
    lastFailure: { direction: 'to-oma', why: expect.stringContaining('nbd.connection-lost') as string },
  });
  expect(restarted.because).toMatch(/^The way to the OMA does not answer/);
  const { items } = TunnelEventPage.parse((await site.appliance.call(`tunnels/${vma.id}/history`)).body);
  const states = items.map(({ state }) => state);
  expect(states).toEqual(expect.arrayContaining(['up', 'degraded', 'half-open', 'down']));
});

it('is up again when the daemon answers', async () => {
  await serveDaemon((socket) => {
    socket.write(GREETING);
    socket.once('data', () => socket.end());
  });
  await until('it is up', async () => (await tunnel()).state === 'up');
});
