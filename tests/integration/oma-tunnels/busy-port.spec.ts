import 'reflect-metadata';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TunnelSite } from './tunnel-site.js';

const server = createServer();
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

it.each<[string, () => { host: string; port: number }]>([
  ['tunnel.port', () => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })],
  ['tunnel.host', () => ({ host: '192.0.2.1', port: 0 })],
])('an address that cannot be had ends the start with the name of the setting %s', async (name, tunnel) => {
  await expect(TunnelSite.start({ tunnel: tunnel() })).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining(name),
  });
});
