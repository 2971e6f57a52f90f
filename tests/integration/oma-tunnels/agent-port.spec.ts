import 'reflect-metadata';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { AGENT_PROTOCOL_VERSION, PROTOCOL_HEADER, agentPaths } from '@ossea/agent-protocol';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { TunnelSite } from './tunnel-site.js';

let site: TunnelSite;
afterEach(() => site[Symbol.asyncDispose]());

async function taken(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.end('squatter\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

it('lets nobody do anything at the loopback port without a token of this OMA', async () => {
  site = await TunnelSite.start();
  const { id } = await site.connectedVma();
  const { agentPort } = await site.vma(id);
  const at = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`http://127.0.0.1:${agentPort}${path}`, {
      method,
      headers: { [PROTOCOL_HEADER]: String(AGENT_PROTOCOL_VERSION), ...headers },
    });
  const health = await at(agentPaths.health);
  expect(health.status).toBe(200);
  expect(await health.json()).toEqual({ status: 'ok' });
  for (const headers of [{}, { authorization: 'Bearer x.y.z' }, { authorization: 'Basic dm1hOg==' }])
    for (const [method, path] of [
      ['GET', agentPaths.info],
      ['PUT', agentPaths.session('conn_1')],
      ['POST', agentPaths.call('conn_1', 'inventory.list')],
      ['GET', agentPaths.copyJournal('c')],
      ['DELETE', `${agentPaths.copies}?prefix=c`],
    ] as const) {
      const { status } = await at(path, headers, method);
      expect(status, `${method} ${path}`).toBe(401);
    }
});

it('gives the first VMA the configured port and the next one the next', async () => {
  const { port, server } = await taken();
  server.close();
  site = await TunnelSite.start({ tunnel: { host: '127.0.0.1', port: 0, firstAgentPort: port } });
  const a = await site.connectedVma();
  const b = await site.connectedVma();
  expect((await site.vma(a.id)).agentPort).toBe(port);
  expect((await site.vma(b.id)).agentPort).toBe(port + 1);
  expect((await fetch(`http://127.0.0.1:${port}${agentPaths.health}`)).status).toBe(200);
});

it('does not keep a VMA out when another program holds its port', async () => {
  const { port, server } = await taken();
  site = await TunnelSite.start({ tunnel: { host: '127.0.0.1', port: 0, firstAgentPort: port } });
  site.later(() => server.close());
  const { id } = await site.connectedVma();
  // the OMA's own calls go another way: it knows the release that only the agent can tell
  await until('it says its release', async () => (await site.vma(id)).version);
  expect((await site.vma(id)).connected).toBe(true);
});
