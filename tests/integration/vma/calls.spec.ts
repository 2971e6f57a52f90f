import { PROTOCOL_HEADER, SOURCE_CALLS, agentPaths, type SourceCallName } from '@ossea/agent-protocol';
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

describe('calls', () => {
  it('answer what the protocol says, every one of them', async () => {
    await site.open();
    const created = await site.call('snapshots.create', { vm: site.host.vm, quiesce: true, key: 'key-1' });
    const { ref } = created.body as { ref: string };
    await site.host.write('disk-a', 4096, Buffer.from('x'));
    await site.call('changedBlocks.enable', { vm: site.host.vm });
    const token = (await site.call('changedBlocks.token', { ...DISK, snapshot: ref })).body as {
      token: string;
    };
    const answers: Readonly<Record<SourceCallName, object>> = {
      'inventory.list': {},
      'inventory.describe': { vm: site.host.vm },
      'snapshots.create': { vm: site.host.vm, quiesce: false, key: 'key-1' },
      'snapshots.find': { key: 'key-1' },
      'snapshots.consistency': { ref },
      'disks.open': { ...DISK, snapshot: ref },
      'changedBlocks.enable': { vm: site.host.vm },
      'changedBlocks.token': { ...DISK, snapshot: ref },
      'changedBlocks.changes': { ...DISK, since: token.token, until: ref },
      'changedBlocks.disable': { vm: site.host.vm },
      'power.stop': { vm: site.host.vm, force: true, timeoutMs: 1_000 },
      'power.state': { vm: site.host.vm },
      'power.start': { vm: site.host.vm },
      'consoleScreenshot.screenshot': { vm: site.host.vm },
      'privileges.list': {},
      'snapshots.remove': { ref },
    };
    for (const [name, params] of Object.entries(answers) as [SourceCallName, object][]) {
      const answer = await site.call(name, params);
      expect(answer.status, name).toBe(200);
      expect(answer.headers[PROTOCOL_HEADER]).toBe('1');
      const { result, streams } = SOURCE_CALLS[name];
      if (!streams) expect(result.safeParse(answer.body).success, name).toBe(true);
      else expect(linesOf(answer).at(-1), name).toEqual({ end: true });
    }
    expect((await site.call('snapshots.find', { key: 'key-1' })).body).toEqual({});
  });

  it('that the session does not grant are plugin.unsupported', async () => {
    site.change = () => ({ can: {} });
    expect((await site.open()).body).toMatchObject({ capabilities: [] });
    for (const [name, params] of [
      ['power.state', { vm: site.host.vm }],
      ['changedBlocks.enable', { vm: site.host.vm }],
      ['changedBlocks.changes', { ...DISK, since: 'x', until: 'y' }],
      ['consoleScreenshot.screenshot', { vm: site.host.vm }],
      ['privileges.list', {}],
    ] as const)
      expect(await site.call(name, params)).toMatchObject({
        status: 409,
        body: { code: 'plugin.unsupported' },
      });
  });

  it('with an answer that is none are the plugin’s fault, with the field', async () => {
    site.change = ({ can }) => ({
      can: { ...can, power: { ...can.power!, state: async () => 'sleeping' as never } },
      inventory: {
        describe: () => Promise.reject(new Error('password=hunter2')),
        async *list() {
          yield { id: 'vm-1', name: 'a', power: 'running' };
          yield { id: 'vm-2', name: 1 as never, power: 'running' };
        },
      },
    });
    await site.open();
    expect(await site.call('power.state', { vm: site.host.vm })).toMatchObject({
      status: 500,
      body: { code: 'plugin.broken-contract', context: { call: 'power.state', field: 'state' } },
    });
    const listed = linesOf(await site.call('inventory.list', {}));
    expect(listed).toMatchObject([
      { item: { id: 'vm-1' } },
      { problem: { code: 'plugin.broken-contract', context: { field: 'name' } } },
    ]);
    const thrown = await site.call('inventory.describe', { vm: site.host.vm });
    expect(thrown).toMatchObject({ status: 500, body: { code: 'plugin.broken-contract' } });
    expect(thrown.bytes.toString()).not.toContain('hunter2');
  });

  it('keep the code and the context of what the plugin throws', async () => {
    site.change = ({ can }) => ({
      can: {
        ...can,
        power: {
          ...can.power!,
          stop: () =>
            Promise.reject(
              new MigrationError('machine.not-stopped', 'Still on.', { context: { vm: 'vm-1' } }),
            ),
        },
      },
    });
    await site.open();
    const stop = site.call('power.stop', { vm: site.host.vm, force: false, timeoutMs: 1 });
    expect(await stop).toMatchObject({ body: { code: 'machine.not-stopped', context: { vm: 'vm-1' } } });
  });

  it('are aborted when whoever asked has gone, and when the session is closed', async () => {
    const signals: AbortSignal[] = [];
    site.change = ({ inventory }) => ({
      inventory: {
        ...inventory,
        describe: (_vm, { signal }) =>
          new Promise((_resolve, reject) => {
            signals.push(signal);
            signal.addEventListener('abort', () => reject(new MigrationError('call.aborted', 'Aborted.')));
          }),
      },
    });
    await site.open();
    const gone = new AbortController();
    const path = agentPaths.call(site.session, 'inventory.describe');
    const left = site.api.call(path, { method: 'POST', body: { vm: site.host.vm }, signal: gone.signal });
    const hungUp = expect(left).rejects.toThrow('abort');
    await expect.poll(() => signals.length).toBe(1);
    gone.abort();
    await hungUp;
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    const waiting = site.call('inventory.describe', { vm: site.host.vm });
    await expect.poll(() => signals.length).toBe(2);
    await site.api.call(agentPaths.session(site.session), { method: 'DELETE' });
    expect((await waiting).body).toMatchObject({ code: 'call.aborted' });
  });
});
