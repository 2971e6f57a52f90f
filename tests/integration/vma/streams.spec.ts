import { agentPaths } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { linesOf } from './agent-api.js';
import { DISK, MemorySite } from './memory-site.js';

let site: MemorySite;
beforeAll(async () => {
  site = await MemorySite.start();
});
afterAll(() => site[Symbol.asyncDispose]());
beforeEach(() => site.fresh());

describe('a streamed answer', () => {
  it('is cut off with whoever reads it, and made no faster than it is read', async () => {
    let made = 0;
    let ended = false;
    site.change = ({ inventory }) => ({
      inventory: {
        ...inventory,
        async *list() {
          try {
            for (;;) {
              made += 1;
              yield { id: `vm-${made}`, name: 'x'.repeat(1_000), power: 'running' as const };
            }
          } finally {
            ended = true;
          }
        },
      },
    });
    await site.open();
    const response = await site.api.begin(agentPaths.call(site.session, 'inventory.list'), {
      method: 'POST',
      body: {},
    });
    await expect.poll(() => made).toBeGreaterThan(0);
    // it stands still once the buffers between are full
    let before = -1;
    const standsStill = (): boolean => {
      const still = made === before;
      before = made;
      return still;
    };
    await expect.poll(standsStill, { timeout: 20_000, interval: 200 }).toBe(true);
    expect(made).toBeLessThan(50_000);
    response.destroy();
    await expect.poll(() => ended).toBe(true);
  });

  it('ends with the problem that ended it, never like a short list', async () => {
    site.change = ({ can }) => ({
      can: {
        ...can,
        changedBlocks: {
          ...can.changedBlocks!,
          async *changes() {
            yield { offset: 0, length: 512 };
            throw new MigrationError('tracking.reset', 'Too old.');
          },
        },
      },
    });
    await site.open();
    const lines = linesOf(await site.call('changedBlocks.changes', { ...DISK, since: 'x', until: 'y' }));
    expect(lines).toMatchObject([
      { item: { offset: 0, length: 512 } },
      { problem: { code: 'tracking.reset' } },
    ]);
  });
});
