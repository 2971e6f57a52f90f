import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeTargetPlugin, type TargetSubject } from '@ossea/plugin-conformance';
import { plugin } from '../../plugins/cloudstack/src/plugin.js';
import { createProcessRunner } from '@ossea/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudstackSession } from '../../plugins/cloudstack/src/session.js';
import { CloudstackSimulator } from '../simulators/cloudstack/cloudstack-simulator.js';

type Settings = ReturnType<typeof plugin.settings.parse>;

const PACE = { pollDelaysMs: [10, 20, 40, 80, 160], detachAgainMs: 300, againMs: 100 };
const runner = createProcessRunner();
let simulator: CloudstackSimulator;
let directory = '';
let subject: TargetSubject<Settings>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cc-'));
  simulator = await CloudstackSimulator.start({
    directory,
    runner,
    settings: { shutdownWaitMs: 100 },
  });
  const { ids, url, keys, deviceDir, sysDir } = simulator;
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  subject = {
    // in the kit's hundred clauses nobody should wait for a poll that was meant for minutes
    plugin: {
      ...plugin,
      connect: (settings, context, options) => CloudstackSession.open(settings, context, options, PACE),
    },
    settings: plugin.settings.parse({
      apiUrl: url,
      ...keys.user,
      zoneId: ids.zone,
      applianceVmId: simulator.applianceVmId,
      templateId: ids.template,
      serviceOfferingId: ids.customOffering,
      diskOfferingId: ids.customDiskOffering,
      networkId: ids.production,
      testNetworkOfferingId: ids.isolatedNetworkOffering,
      hostPaths: { deviceDir, sysDir },
    }),
    context: { log: silent, scratchDir: directory, run: runner },
    placement: {},
    impossiblePlacement: { diskOfferingId: ids.fixedDiskOffering },
    async read({ path }, offset, length) {
      await using file = await open(path);
      return (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
    },
    async write({ path }, offset, bytes) {
      await using file = await open(path, 'r+');
      await file.write(bytes, 0, bytes.length, offset);
      await file.sync();
    },
  };
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describeTargetPlugin(() => subject, { describe, it });

it('leaves nothing at CloudStack, and nothing was done that must not be', () => {
  const { volumes, machines, snapshots } = simulator.inventory();
  expect(simulator.violations()).toEqual([]);
  expect(snapshots).toEqual([]);
  expect(machines.map(({ id }) => id)).toEqual([simulator.applianceVmId]);
  expect(volumes.filter(({ type }) => type !== 'ROOT')).toEqual([]);
});
