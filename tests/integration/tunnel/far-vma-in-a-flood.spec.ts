import net from 'node:net';
import { expect, it } from 'vitest';
import { flood } from './idle-flood.js';
import { startSite, until } from './site.js';

const ONE_WAY_MS = 50;

/** A long link to the tunnel server: everything arrives late, what was said first together with the connection. */
async function farAway(port: number): Promise<net.Server> {
  const relay = net.createServer((near) => {
    let far: net.Socket | undefined;
    const connect = () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('data', (chunk) => setTimeout(() => near.write(chunk), ONE_WAY_MS));
      socket.on('error', () => near.destroy()).once('close', () => near.destroy());
      return socket;
    };
    near.on('data', (chunk) => setTimeout(() => (far ??= connect()).write(chunk), ONE_WAY_MS));
    near.on('error', () => far?.destroy()).once('close', () => far?.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return relay;
}

it('lets a VMA in whose log-in takes half a second, through 400 new idle connections a second', async () => {
  await using site = await startSite();
  const { key } = await site.addVma('a');
  const relay = await farAway(site.port);
  site.later(() => relay.close());
  await flood(site);
  const { port } = relay.address() as net.AddressInfo;
  const refused = site.refusals.length;
  const client = await site.client(key, { port });
  const failures: string[] = [];
  client.on('state', ({ error }) => error && failures.push(error.message));
  await until('it is in', () => client.state.state === 'up', { timeoutMs: 15_000 });
  // it was let in at its first attempt, whatever came meanwhile
  expect(site.refusals.slice(refused)).toContain('evicted: too many unauthenticated connections');
  expect(failures).toEqual([]);
});
