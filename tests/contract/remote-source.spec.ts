import { throwIfAborted } from '@ossea/errors';
import { describeSourcePlugin, type SourceSubject } from '@ossea/plugin-conformance';
import type { SourcePlugin } from '@ossea/plugin-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  MemoryHost,
  memorySource,
  memorySourceSubject,
  type MemorySettings,
} from '../../libs/plugin-conformance/src/memory/memory-source.js';
import { startOmaWithVma, type OmaWithVma } from './oma-room.js';

/*
 * A source session that lives on a VMA keeps the contract like a local one: the same kit, through the OMA's proxy, a
 * tunnel server process, SSH and the VMA's API. Only the kit's own subject, the memory, is not a real hypervisor.
 */
const host = new MemoryHost();
const local = memorySource(host);
let oma: OmaWithVma;
let sessions = 0;
beforeAll(async () => {
  oma = await startOmaWithVma({ 'memory-source': { default: local } });
});
afterAll(() => oma[Symbol.asyncDispose]());

/** The plugin as the OMA sees it: connecting opens a session on the VMA. */
const remote: SourcePlugin<MemorySettings> = {
  manifest: local.manifest,
  settings: local.settings,
  async connect(settings, _context, { signal }) {
    throwIfAborted(signal);
    sessions += 1;
    const session = `conn_${sessions}`;
    return oma.sources.open(
      { vmaId: oma.vmaId, session, pluginId: local.manifest.id, settings: { ...settings } },
      { signal },
    );
  },
};

const subject = (): SourceSubject<MemorySettings> => memorySourceSubject(host, remote);
describe('through a tunnel', () => describeSourcePlugin(subject, { describe, it }));

describe('a session on a VMA', () => {
  const calm = () => new AbortController().signal;

  it('goes on after a restart of the VMA', async () => {
    const session = await remote.connect({ host: 'here' }, subject().context, { signal: calm() });
    const before = await session.inventory.describe(host.vm, { signal: calm() });
    await oma.restartVma();
    expect(await session.inventory.describe(host.vm, { signal: calm() })).toEqual(before);
    await session[Symbol.asyncDispose]();
  });

  it('is tunnel.down while the VMA is away, with its name', async () => {
    const session = await remote.connect({ host: 'here' }, subject().context, { signal: calm() });
    await oma.vma[Symbol.asyncDispose]();
    await expect(session.inventory.describe(host.vm, { signal: calm() })).rejects.toMatchObject({
      code: 'tunnel.down',
      context: { vma: 'site-a' },
    });
    // nothing to close where nobody is, and no harm in it
    await session[Symbol.asyncDispose]();
    await oma.restartVma();
  });

  it('is refused for settings that do not fit, and for a plugin that is not there', async () => {
    const open = (pluginId: string, settings: Record<string, unknown>) =>
      oma.sources.open({ vmaId: oma.vmaId, session: 'conn_x', pluginId, settings }, { signal: calm() });
    await expect(open('memory-source', { nonsense: true })).rejects.toMatchObject({ code: 'config.invalid' });
    await expect(open('nothing', {})).rejects.toMatchObject({ code: 'plugin.unknown' });
  });
});
