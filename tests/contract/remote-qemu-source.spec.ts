import { describeSourcePlugin } from '@ossea/plugin-conformance';
import { plugin as qemuSource } from '@ossea/plugin-qemu-source';
import type { SourcePlugin } from '@ossea/plugin-sdk';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { QemuSampleHost } from '../stack/qemu-sample-host.js';
import { startOmaWithVma, type OmaWithVma } from './oma-room.js';

/* The same kit on a real machine: a QEMU host at the VMA, spoken to by the OMA through its tunnel. */

const host = new QemuSampleHost('qcow2');
let oma: OmaWithVma;
let sessions = 0;
beforeAll(async () => {
  await host.make();
  await host.start();
  oma = await startOmaWithVma({ 'qemu-source': { default: qemuSource } });
});
afterAll(async () => {
  await oma[Symbol.asyncDispose]();
  await host.remove();
});

/** The plugin as the OMA sees it: connecting opens a session on the VMA. */
const remote = (): SourcePlugin<typeof host.subject.settings> => ({
  manifest: qemuSource.manifest,
  settings: qemuSource.settings,
  connect(settings, _context, call) {
    sessions += 1;
    const session = `conn_${sessions}`;
    const { id } = qemuSource.manifest;
    return oma.sources.open({ vmaId: oma.vmaId, session, pluginId: id, settings: { ...settings } }, call);
  },
});

describe('through a tunnel', () =>
  describeSourcePlugin(() => ({ ...host.subject, plugin: remote() }), { describe, it }));
