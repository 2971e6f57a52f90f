import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SetUpBench, notPassed } from './set-up-bench.js';

let bench: SetUpBench;
beforeAll(async () => (bench = await SetUpBench.start()));
afterAll(() => bench[Symbol.asyncDispose]());
afterEach(() => {
  // whatever was found: no volume of a trial is left, and no rule was broken
  expect(bench.trialVolumes).toEqual([]);
  expect(bench.simulator.violations()).toEqual([]);
});

/** What everybody has here: the simulator answers over http, and a user may not see hosts and storage. */
const ORDINARY = {
  'connection-is-encrypted': 'warning',
  'storage-takes-root-disks': 'skipped',
  'installation-has-capacity': 'skipped',
  'hosts-start-uefi': 'skipped',
};
const UNTRIED = { 'trial-with-a-volume': 'skipped' };

it('passes what was chosen well, and has tried a volume', async () => {
  const findings = await bench.validate();
  expect(notPassed(findings)).toEqual(ORDINARY);
  expect(findings.at(-1)).toMatchObject({
    check: 'trial-with-a-volume',
    outcome: 'pass',
    message: expect.stringMatching(
      /attached as device \d+, found as .*, written, read back, detached/,
    ) as string,
  });
});

it('refuses an offering of fixed size, a large template, a VLAN', async () => {
  const { ids } = bench.simulator;
  const findings = await bench.validate({
    serviceOfferingId: ids.fixedOffering,
    diskOfferingId: ids.fixedDiskOffering,
    templateId: ids.bigTemplate,
    testNetworkOfferingId: ids.vlanNetworkOffering,
    networkId: ids.otherAccountNetwork,
  });
  expect(notPassed(findings)).toEqual({
    ...ORDINARY,
    'service-offering-is-customizable': 'fail',
    'disk-offering-takes-any-size': 'fail',
    'template-is-small-and-ready': 'fail',
    'test-network-offering-is-isolated': 'fail',
    'network-is-usable': 'fail',
    ...UNTRIED,
  });
});

it('warns of an offering that ends early', async () => {
  const findings = await bench.validate({ serviceOfferingId: bench.simulator.ids.smallCustomOffering });
  expect(notPassed(findings)).toEqual({ ...ORDINARY, 'service-offering-is-customizable': 'warning' });
});

it('refuses another zone than the appliance runs in', async () => {
  const findings = await bench.validate({ zoneId: bench.simulator.ids.otherZone });
  expect(notPassed(findings)).toMatchObject({ 'appliance-is-in-the-zone': 'fail', ...UNTRIED });
});

it('refuses the keys of another account', async () => {
  const byStranger = await bench.validate({}, 'stranger');
  expect(notPassed(byStranger)).toMatchObject({ 'appliance-is-this-machine': 'fail', ...UNTRIED });
  const byAdmin = await bench.validate({}, 'admin');
  expect(notPassed(byAdmin)).toMatchObject({ 'appliance-belongs-to-the-account': 'fail', ...UNTRIED });
});

it('warns of a cloud that cannot snapshot running machines, and refuses it where that is counted on', async () => {
  bench.simulator.settings.kvmSnapshotEnabled = false;
  const findings = await bench.validate();
  const counting = await bench.validate({ snapshots: 'instant' });
  bench.simulator.settings.kvmSnapshotEnabled = true;
  expect(notPassed(findings)).toEqual({ ...ORDINARY, 'snapshots-of-running-machines': 'warning' });
  expect(notPassed(counting)).toEqual({ ...ORDINARY, 'snapshots-of-running-machines': 'fail' });
});

it('refuses an account that may have no more volumes', async () => {
  bench.simulator.settings.limits.volumes = 1;
  const findings = await bench.validate();
  bench.simulator.settings.limits.volumes = -1;
  expect(notPassed(findings)).toMatchObject({ 'account-has-room': 'fail', 'trial-with-a-volume': 'fail' });
});

it('names a thing that was chosen and is gone', async () => {
  const gone = '00000000-0000-4000-8000-000000000000';
  const findings = await bench.validate({ diskOfferingId: gone, applianceVmId: gone });
  const failed = findings.filter(({ outcome }) => outcome === 'fail');
  expect(failed.map(({ check, code }) => [check, code])).toEqual([
    ['appliance-is-this-machine', 'resource.not-found'],
    ['appliance-is-in-the-zone', 'resource.not-found'],
    ['appliance-belongs-to-the-account', 'resource.not-found'],
    ['disk-offering-takes-any-size', 'resource.not-found'],
  ]);
});
