import 'reflect-metadata';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { TunnelSite } from './tunnel-site.js';

let site: TunnelSite;
afterEach(() => site[Symbol.asyncDispose]());

/** Until the server listens again and the VMA has dialled; it takes a second or two on a machine that has time. */
const BACK_WITHIN_MS = 30_000;

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'a tunnel server that is ended by %s is back on the same port within seconds, and so is the VMA',
  async (signal) => {
    site = await TunnelSite.start();
    const vma = await site.connectedVma();
    for (let round = 0; round < 3; round += 1) {
      const before = await site.vma(vma.id);
      const pid = await site.serverPid();
      const startedMs = performance.now();
      process.kill(pid, signal);
      await until('it is a new connection', async () => {
        const now = await site.vma(vma.id);
        return now.connected && now.connectedSince !== before.connectedSince;
      });
      expect(performance.now() - startedMs).toBeLessThan(BACK_WITHIN_MS);
      expect(await site.serverPid()).not.toBe(pid);
      expect((await site.pairingCode()).tunnelPort).toBe(site.port);
    }
  },
);

it('a tunnel server that hangs is noticed and replaced', async () => {
  site = await TunnelSite.start();
  const vma = await site.connectedVma();
  const pid = await site.serverPid();
  process.kill(pid, 'SIGSTOP');
  await until('another one serves', async () => (await site.serverPid()) !== pid, { timeoutMs: 60_000 });
  await until('the VMA is back', async () => (await site.vma(vma.id)).connected, { timeoutMs: 60_000 });
}, 120_000);
