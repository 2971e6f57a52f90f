import type { SourceSession } from '@ossea/plugin-sdk';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SAMPLE_VM, VmwareSample, type VmwareSettings } from '../../stack/vmware-sample.js';

const call = { signal: new AbortController().signal };
let sample: VmwareSample;
beforeAll(async () => {
  sample = await VmwareSample.make();
});
afterAll(() => sample?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await sample.vcsim.clearFaults();
  await sample.vcsim.mergeVm(SAMPLE_VM, { guest: { toolsRunningStatus: 'guestToolsRunning' } });
});

/** Takes a snapshot that asks the guest, and tells how it went. */
async function consistencyWith(quiesce: VmwareSettings['quiesce'], key: string): Promise<unknown> {
  await using session: SourceSession = await sample.connect({ quiesce });
  const ref = await session.snapshots.create({ vm: sample.vm, quiesce: true }, { key, ...call });
  try {
    return await session.snapshots.consistency!(ref, call);
  } finally {
    await session.snapshots.remove(ref, call);
  }
}

const cannotFlush = () =>
  sample.vcsim.inject({
    method: 'CreateSnapshot_Task',
    fault: 'ApplicationQuiesceFault',
    onlyQuiesced: true,
    asTaskError: true,
    times: 1,
  });

it('asks the guest where its tools run', async () => {
  expect(await consistencyWith('auto', 'asked')).toEqual({ guestFlushed: true });
});

it('takes the snapshot without the guest when it cannot flush, and says so on it', async () => {
  await cannotFlush();
  expect(await consistencyWith('auto', 'fell-back')).toEqual({
    guestFlushed: false,
    because: expect.stringContaining('could not flush') as string,
  });
  expect(sample.said.filter((line) => line.startsWith('warn'))).toContainEqual(
    expect.stringContaining('crash-consistent'),
  );
});

it('fails where flushing is required, and leaves nothing', async () => {
  await cannotFlush();
  await expect(consistencyWith('require', 'required')).rejects.toMatchObject({ code: 'snapshot.failed' });
  await using session = await sample.connect();
  expect((await session.inventory.describe(sample.vm, call)).snapshots).toEqual([]);
});

it('does not ask where it must not, nor where tools do not run', async () => {
  expect(await consistencyWith('never', 'never')).toEqual({ guestFlushed: false });
  await sample.vcsim.mergeVm(SAMPLE_VM, { guest: { toolsRunningStatus: 'guestToolsNotRunning' } });
  expect(await consistencyWith('auto', 'no-tools')).toEqual({
    guestFlushed: false,
    because: 'VMware Tools did not run.',
  });
});
