import type { Extent, SourceSession } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SAMPLE_VM, VmwareSample } from '../../stack/vmware-sample.js';

const call = { signal: new AbortController().signal };
const KIB = 1024;
let sample: VmwareSample;
let session: SourceSession;
beforeEach(async () => {
  sample = await VmwareSample.make({ maxAreas: 7 });
  session = await sample.connect();
});
afterEach(async () => {
  await session?.[Symbol.asyncDispose]();
  await sample?.[Symbol.asyncDispose]();
});

const tracking = () => session.can.changedBlocks!;
const disk = () => sample.disks[0]!;
let keys = 0;
const snapshot = () =>
  session.snapshots.create({ vm: sample.vm, quiesce: false }, { key: `areas-${(keys += 1)}`, ...call });

async function sealed(): Promise<string> {
  const ref = await snapshot();
  const token = await tracking().token(disk(), ref, call);
  await session.snapshots.remove(ref, call);
  return token;
}
async function changes(since: string): Promise<Extent[]> {
  const until = await snapshot();
  try {
    const found: Extent[] = [];
    for await (const extent of tracking().changes(disk(), { since, until }, call)) found.push(extent);
    return found;
  } finally {
    await session.snapshots.remove(until, call);
  }
}

/** Every second cluster of a stretch, so that nothing can be merged. */
async function scatter(count: number): Promise<Extent[]> {
  const written: Extent[] = [];
  for (let i = 0; i < count; i += 1) {
    const offset = i * 128 * KIB;
    await sample.guestWrite(disk(), offset, Buffer.alloc(512, i + 1));
    written.push({ offset, length: 64 * KIB });
  }
  return written;
}

it('asks as often as it takes, seven areas an answer, also when its session expires between two', async () => {
  await tracking().enable(sample.vm, call);
  const since = await sealed();
  const written = await scatter(40);
  await sample.vcsim.clearCalls();
  expect(await changes(since)).toEqual(written);
  expect((await sample.vcsim.calls())['QueryChangedDiskAreas']).toBeGreaterThanOrEqual(6);

  const until = await snapshot();
  const found: Extent[] = [];
  for await (const extent of tracking().changes(disk(), { since, until }, call)) {
    found.push(extent);
    if (found.length === 10) await sample.vcsim.expireSessions();
  }
  expect(found).toEqual(written);
  await session.snapshots.remove(until, call);
});

it('is tracking.reset with the epochs in it, once tracking began anew', async () => {
  await tracking().enable(sample.vm, call);
  const since = await sealed();
  await sample.vcsim.resetTracking(SAMPLE_VM);
  await scatter(2);
  await expect(changes(since)).rejects.toMatchObject({
    code: 'tracking.reset',
    message: expect.stringMatching(/began anew since: its epoch was .+ and is .+/) as string,
  });
});

it.each(['FileFault', 'InvalidArgument', 'NotFound', 'SystemError'])(
  'is tracking.reset when vSphere answers %s: the disk is copied in full',
  async (fault) => {
    await tracking().enable(sample.vm, call);
    const since = await sealed();
    await scatter(2);
    await sample.vcsim.inject({ method: 'QueryChangedDiskAreas', fault, times: 1 });
    await expect(changes(since)).rejects.toMatchObject({ code: 'tracking.reset' });
  },
);

it('is tracking.reset for a disk that has grown, and for one that nothing tracked', async () => {
  const untracked = await sealed();
  await expect(changes(untracked)).rejects.toThrow(/Nothing tracked/);
  await tracking().enable(sample.vm, call);
  const since = await sealed();
  await sample.vcsim.growDisk(SAMPLE_VM, Number(disk()), 16 << 20);
  await expect(changes(since)).rejects.toThrow(/had 8388608 bytes then and has 16777216/);
});

it('leaves tracking on where it was on before, and switches off what it has switched on', async () => {
  const other = await VmwareSample.besides(sample);
  await using theirs = await other.connect();
  await theirs.can.changedBlocks!.enable(sample.vm, call);
  await tracking().enable(sample.vm, call);
  await tracking().disable(sample.vm, call);
  expect(await codes()).not.toContain('tracking.off');
  await theirs.can.changedBlocks!.disable(sample.vm, call);
  expect(await codes()).toContain('tracking.off');
});

it('does not ask a machine whose hardware cannot track; its cycles are full ones', async () => {
  await sample.vcsim.mergeVm(SAMPLE_VM, {
    config: { version: 'vmx-04' },
    capability: { changeTrackingSupported: false },
  });
  await sample.vcsim.clearCalls();
  await tracking().enable(sample.vm, call);
  expect((await sample.vcsim.calls())['ReconfigVM_Task'] ?? 0).toBe(0);
  expect(await codes()).toContain('machine.hardware-version');
});

async function codes(): Promise<string[]> {
  return (await session.inventory.describe(sample.vm, call)).concerns.map(({ code }) => code);
}
