import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  successSchema,
  virtualMachineSchema,
  volumeSchema,
} from '../../../plugins/cloudstack/src/client/index.js';
import { SetUpBench, notPassed } from './set-up-bench.js';

const call = { signal: new AbortController().signal };
let bench: SetUpBench;
beforeEach(async () => (bench = await SetUpBench.start({ detachWaitMs: 100, maxDataVolumes: 3 })));
afterEach(() => bench[Symbol.asyncDispose]());

const trialOf = (findings: Awaited<ReturnType<SetUpBench['validate']>>) => findings.at(-1);

it('refuses an appliance without a free place, and does not try where that is known', async () => {
  await bench.simulator.operator.attachForeignVolumes(3);
  // how many it may have is told to administrators only: an ordinary user's trial finds it out
  expect(trialOf(await bench.validate())).toMatchObject({
    outcome: 'fail',
    code: 'volume.no-slot',
    message: expect.stringMatching(/could not be attached.*Nothing of it is left/) as string,
  });
  expect(notPassed(await bench.validate({}, 'admin'))).toMatchObject({
    'appliance-has-free-slots': 'fail',
    'trial-with-a-volume': 'skipped',
  });
  expect(bench.trialVolumes.every((name) => name.startsWith('foreign-'))).toBe(true);
});

it('refuses an appliance with a VM snapshot', async () => {
  bench.simulator.operator.addApplianceVmSnapshot();
  expect(notPassed(await bench.validate())).toMatchObject({
    'appliance-has-no-vm-snapshots': 'fail',
    'trial-with-a-volume': 'skipped',
  });
});

it.each([
  ['createVolume', 'job-fails', /could not be made/],
  ['createVolume', 'job-fails-after-effect', /could not be made/],
  ['createVolume', 'answer-lost', /could not be made.*not known/],
  ['attachVolume', 'job-fails', /could not be attached/],
  ['attachVolume', 'job-fails-after-effect', /could not be attached/],
  ['attachVolume', 'answer-lost', /could not be attached.*not known/],
] as const)('leaves nothing where %s: %s', async (command, kind, message) => {
  bench.simulator.inject({ command, kind });
  const trial = trialOf(await bench.validate());
  expect(trial).toMatchObject({ outcome: 'fail', message: expect.stringMatching(message) as string });
  expect(trial?.message).toContain('Nothing of it is left.');
  expect(trial?.remedy).toMatch(/\.$/);
  expect(bench.trialVolumes).toEqual([]);
  expect(bench.simulator.violations()).toEqual([]);
});

it('is not troubled by an answer to a removal that was lost, when the volume is gone', async () => {
  bench.simulator.inject({ command: 'deleteVolume', kind: 'answer-lost' });
  expect(trialOf(await bench.validate())?.outcome).toBe('pass');
  expect(bench.trialVolumes).toEqual([]);
});

it('says what remains when the volume cannot be removed', async () => {
  bench.simulator.inject({
    command: 'deleteVolume',
    kind: 'error',
    status: 431,
    text: 'Not now',
    times: 2,
  });
  const trial = trialOf(await bench.validate());
  const [name] = bench.trialVolumes;
  expect(trial).toMatchObject({
    outcome: 'fail',
    message: expect.stringContaining(`The volume "${name}" remains: Not now`) as string,
    remedy: expect.stringContaining(`remove the volume "${name}"`) as string,
  });
  await using client = bench.client();
  const [left] = await client.list('listVolumes', { name: name! }, volumeSchema, call);
  expect(left?.virtualmachineid).toBe(undefined);
  await client.write('deleteVolume', { id: left!.id }, successSchema, call);
});

it('finds that the chosen machine is not this one', async () => {
  await using client = bench.client();
  const { ids } = bench.simulator;
  const machine = await client.job(
    'deployVirtualMachine',
    {
      name: 'somebody-else',
      zoneid: ids.zone,
      templateid: ids.template,
      serviceofferingid: ids.fixedOffering,
      networkids: [ids.production],
      startvm: false,
    },
    virtualMachineSchema,
    call,
  );
  const findings = await bench.validate({ applianceVmId: machine.id });
  expect(notPassed(findings)).toMatchObject({
    'appliance-is-this-machine': 'fail',
    'trial-with-a-volume': 'skipped',
  });
  await client.job('destroyVirtualMachine', { id: machine.id, expunge: true }, virtualMachineSchema, call);
});
