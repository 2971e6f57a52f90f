import { agentPaths } from '@ossea/agent-protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DISK, MemorySite } from './memory-site.js';

let site: MemorySite;
beforeAll(async () => {
  site = await MemorySite.start();
});
afterAll(() => site[Symbol.asyncDispose]());
beforeEach(() => site.fresh());

describe('leases', () => {
  const lent = new Set<string>();
  let opening: Promise<void> | undefined;
  beforeEach(() => {
    lent.clear();
    opening = undefined;
    site.change = (real) => ({
      disks: {
        async open(...given) {
          const lease = await real.disks.open(...given);
          const name = `${lent.size}`;
          lent.add(name);
          await opening;
          return { ...lease, [Symbol.asyncDispose]: async () => void lent.delete(name) };
        },
      },
    });
  });

  it('are given back one by one, twice without harm, or with their session', async () => {
    await site.open();
    const snapshot = site.host.snapshot('leases').ref;
    const leases = [];
    for (let i = 0; i < 3; i += 1)
      leases.push((await site.call('disks.open', { ...DISK, snapshot })).body as { lease: string });
    expect(lent.size).toBe(3);
    for (let i = 0; i < 2; i += 1) {
      const path = agentPaths.lease(site.session, leases[0]?.lease ?? '');
      expect((await site.api.call(path, { method: 'DELETE' })).status).toBe(204);
      expect(lent.size).toBe(2);
    }
    await site.api.call(agentPaths.session(site.session), { method: 'DELETE' });
    expect(lent.size).toBe(0);
    const late = agentPaths.lease(site.session, leases[1]?.lease ?? '');
    expect((await site.api.call(late, { method: 'DELETE' })).status).toBe(204);
  });

  it('of a session that is closed while they are lent are given back at once', async () => {
    await site.open();
    const snapshot = site.host.snapshot('late').ref;
    let go: () => void = () => undefined;
    opening = new Promise((resolve) => (go = resolve));
    const waiting = site.call('disks.open', { ...DISK, snapshot });
    await expect.poll(() => lent.size).toBe(1);
    await site.api.call(agentPaths.session(site.session), { method: 'DELETE' });
    go();
    expect((await waiting).status).toBe(404);
    expect(lent.size).toBe(0);
  });

  it('that nobody waits for any more are given back at once', async () => {
    await site.open();
    const snapshot = site.host.snapshot('unheard').ref;
    let go: () => void = () => undefined;
    opening = new Promise((resolve) => (go = resolve));
    const gone = new AbortController();
    const waiting = site.api.call(agentPaths.call(site.session, 'disks.open'), {
      method: 'POST',
      body: { ...DISK, snapshot },
      signal: gone.signal,
    });
    const hungUp = expect(waiting).rejects.toThrow('abort');
    await expect.poll(() => lent.size).toBe(1);
    gone.abort();
    await hungUp;
    // a later answer shows that the hanging up has arrived
    await site.call('power.state', { vm: site.host.vm });
    go();
    await expect.poll(() => lent.size).toBe(0);
  });
});
