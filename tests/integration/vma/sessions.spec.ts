import { agentPaths } from '@ossea/agent-protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemorySite } from './memory-site.js';

let site: MemorySite;
beforeAll(async () => {
  site = await MemorySite.start();
});
afterAll(() => site[Symbol.asyncDispose]());
beforeEach(() => site.fresh());

describe('a session', () => {
  it('tells its life and what it grants; many who open it at once open one', async () => {
    const before = site.connects;
    const answers = await Promise.all([site.open(), site.open(), site.open()]);
    expect(new Set(answers.map(({ bytes }) => bytes.toString())).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 200,
      body: { capabilities: ['changedBlocks', 'power', 'consoleScreenshot', 'privileges'] },
    });
    expect(site.connects - before).toBe(1);
  });

  it('is replaced for other settings, and closed twice without harm', async () => {
    const [first, closed] = [(await site.open()).body, site.closes];
    const second = await site.open({ host: 'there' });
    expect(second.status).toBe(200);
    expect(second.body).not.toEqual(first);
    expect(site.closes - closed).toBe(1);
    for (let i = 0; i < 2; i += 1)
      expect((await site.api.call(agentPaths.session(site.session), { method: 'DELETE' })).status).toBe(204);
    expect(site.closes - closed).toBe(2);
  });

  it('that is not open is named, so that the OMA opens it again', async () => {
    expect(await site.call('inventory.describe', { vm: site.host.vm })).toMatchObject({
      status: 404,
      body: { code: 'resource.not-found', context: { session: site.session } },
    });
  });

  it.each(['conn/1', 'ü', '..', 'a b?c#d'])('may be called %j', async (name) => {
    site.session = name;
    expect((await site.open()).status).toBe(200);
    expect((await site.call('power.state', { vm: site.host.vm })).body).toEqual({ state: 'running' });
  });

  it('is refused for settings that do not fit', async () => {
    expect(await site.open({ host: 1, nonsense: true })).toMatchObject({
      status: 422,
      body: { code: 'config.invalid' },
    });
  });
});
