import { Tunnel, TunnelEventPage, TunnelList } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { ENGINES } from '../oma-shell/appliance.js';
import { TunnelSite, type EnrolledVma } from './tunnel-site.js';

/* What a tunnel is, and became, as the API tells it. */

describe.each(ENGINES)('%s', (engine) => {
  let site: TunnelSite;
  let vma: EnrolledVma;
  beforeAll(async () => {
    site = await TunnelSite.start({}, engine);
    vma = await site.connectedVma();
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const tunnel = async (): Promise<Tunnel> => {
    const { items } = TunnelList.parse((await site.appliance.call('tunnels')).body);
    return items.find(({ vmaId }) => vmaId === vma.id)!;
  };
  const history = async (query = ''): Promise<TunnelEventPage> =>
    TunnelEventPage.parse((await site.appliance.call(`tunnels/${vma.id}/history${query}`)).body);

  it('tells one state of both directions, with a round trip of each', async () => {
    const now = await until('both have answered', async () => {
      const one = await tunnel();
      return one.rttMs.toVma !== undefined && one.rttMs.toOma !== undefined && one.bytes > 0
        ? one
        : undefined;
    });
    expect(now).toMatchObject({ vmaName: 'a VMA', state: 'up', connections: 1, restarts: 0 });
    expect(now.because).toBe('Both directions answer.');
  });

  it('keeps what it became, newest first, in pages', async () => {
    process.kill(await site.serverPid(), 'SIGKILL');
    await until('it went and came', async () => {
      const { items } = await history();
      return items.length >= 3 && items[0]?.state === 'up';
    });
    const { items, page } = await history();
    expect(items.map(({ state }) => state)).toEqual(['up', 'down', 'up']);
    expect(items[1]).toMatchObject({ vmaId: vma.id, because: 'The tunnel server was restarted.' });
    expect(page).toEqual({});
    const first = await history('?limit=2');
    const second = await history(`?limit=2&cursor=${first.page.next}`);
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.page).toEqual({});
  });

  it('knows no history of a VMA that it does not know', async () => {
    const { status, body } = await site.appliance.call('tunnels/vma_01JZZZZZZZZZZZZZZZZZZZZZZZ/history');
    expect([status, body['code']]).toEqual([404, 'request.not-found']);
  });

  it('says of a revoked VMA why its tunnel went down, and lists it no more', async () => {
    await site.decide('revoke', vma.id);
    await until('it is written down', async () => (await history()).items[0]?.state === 'down');
    expect((await history()).items[0]?.because).toBe('The VMA was revoked.');
    expect(await tunnel()).toBeUndefined();
  });
});
