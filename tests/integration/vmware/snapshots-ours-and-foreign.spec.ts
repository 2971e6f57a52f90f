import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { SourceSession } from '@ossea/plugin-sdk';
import { SAMPLE_VM, VmwareSample } from '../../stack/vmware-sample.js';

const call = { signal: new AbortController().signal };
let sample: VmwareSample;
let session: SourceSession;
beforeAll(async () => {
  sample = await VmwareSample.make();
});
afterAll(() => sample?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await session?.[Symbol.asyncDispose]();
  await sample.vcsim.clearFaults();
  session = await sample.connect();
});
afterAll(() => session?.[Symbol.asyncDispose]());

const create = (key: string, from = session) =>
  from.snapshots.create({ vm: sample.vm, quiesce: false }, { key, ...call });
const standing = async () => (await session.inventory.describe(sample.vm, call)).snapshots ?? [];

it('removes what an earlier cycle has left, before it takes the next one', async () => {
  await create('cycle-1');
  await create('cycle-2');
  expect(await standing()).toEqual([
    expect.objectContaining({ name: 'ossea-replication-cycle-2', ours: true }),
  ]);
  expect(await session.snapshots.find('cycle-1', call)).toBeUndefined();
  const found = await session.snapshots.find('cycle-2', call);
  await session.snapshots.remove(found!.ref, call);
  expect(await standing()).toEqual([]);
});

it('never touches a foreign snapshot, and says that it stands in the way', async () => {
  const foreign = await sample.vcsim.takeForeignSnapshot(SAMPLE_VM, 'before update');
  const { concerns } = await session.inventory.describe(sample.vm, call);
  expect(concerns).toContainEqual(
    expect.objectContaining({
      code: 'snapshots.foreign',
      severity: 'blocker',
      message: expect.stringContaining('"before update"') as string,
      remedy: expect.stringContaining('Delete or consolidate') as string,
    }),
  );
  const ref = JSON.stringify({ vm: sample.vm, snapshot: foreign });
  await expect(session.snapshots.remove(ref, call)).rejects.toMatchObject({ code: 'resource.conflict' });
  await session.snapshots.remove(await create('cycle-3'), call);
  expect(await standing()).toEqual([expect.objectContaining({ name: 'before update', ours: false })]);
  await sample.removeAllSnapshots();
});

it('does not take the snapshot of another appliance for its own', async () => {
  const other = await VmwareSample.besides(sample);
  await using theirs = await other.connect();
  const ref = await create('theirs', theirs);
  await expect(create('ours')).rejects.toMatchObject({
    code: 'resource.conflict',
    message: expect.stringContaining('another appliance') as string,
  });
  await theirs.snapshots.remove(ref, call);
});

it('finds the snapshot whose answer was lost, and makes no twin', async () => {
  await sample.vcsim.inject({ method: 'CreateSnapshot_Task', drop: 'after', times: 1 });
  await expect(create('lost')).rejects.toMatchObject({ code: 'peer.unreachable' });
  const ref = await create('lost');
  expect(await session.snapshots.find('lost', call)).toEqual({ ref, complete: true });
  expect(await standing()).toHaveLength(1);
  await session.snapshots.remove(ref, call);
});

it('finds a snapshot by its key when the appliance has lost its own records', async () => {
  const ref = await create('amnesia');
  const fresh = await VmwareSample.besides(sample);
  await using later = await fresh.connect();
  expect(await later.snapshots.find('amnesia', call)).toEqual({ ref, complete: true });
  await later.snapshots.remove(ref, call);
  expect(await standing()).toEqual([]);
});

it('consolidates disks when vSphere asks for it', async () => {
  const ref = await create('consolidate');
  await sample.vcsim.mergeVm(SAMPLE_VM, { runtime: { consolidationNeeded: true } });
  await session.snapshots.remove(ref, call);
  expect((await sample.vcsim.calls())['ConsolidateVMDisks_Task']).toBeGreaterThan(0);
  const { concerns } = await session.inventory.describe(sample.vm, call);
  expect(concerns.map(({ code }) => code)).not.toContain('machine.consolidation-needed');
});
