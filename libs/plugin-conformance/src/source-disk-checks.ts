import assert from 'node:assert/strict';
import type { BlockEndpoint, DiskKey, Lease, SnapshotRef, SourceSession } from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertBytes,
  assertJson,
  calm,
  freshBytes,
  freshKey,
  rejectsWith,
  withSession,
} from './clause.js';
import { provisionChecks } from './provision-checks.js';
import type { Check, SampleDisk, SourceSubject } from './subjects.js';

export const CLUSTER = 65_536;
/** The clauses write at multiples of this, up to the twelfth. */
export const STRIDE = 256 << 10;

type Undo = (action: () => Promise<unknown>) => void;

/** A snapshot of the sample machine that lasts until the end of the clause. */
export async function snapshotOf(
  session: SourceSession,
  subject: SourceSubject,
  undo: Undo,
): Promise<SnapshotRef> {
  const ref = await session.snapshots.create(
    { vm: subject.sample.vm, quiesce: false },
    { key: freshKey(), signal: calm() },
  );
  undo(() => session.snapshots.remove(ref, { signal: calm() }));
  return ref;
}

async function opened(
  session: SourceSession,
  disk: DiskKey,
  snapshot: SnapshotRef,
  undo: Undo,
): Promise<Lease<BlockEndpoint>> {
  const lease = await session.disks.open(disk, snapshot, { signal: calm() });
  undo(async () => lease[Symbol.asyncDispose]());
  return lease;
}

/** Clauses about snapshots and the disks that are opened from them. */
export const SOURCE_DISK_CHECKS: readonly Check<SourceSubject>[] = [
  ...provisionChecks<SourceSubject, SourceSession, { vm: string; quiesce: boolean }, SnapshotRef>({
    what: 'snapshots',
    several: false,
    connect: ({ plugin, settings, context }) => plugin.connect(settings, context, { signal: calm() }),
    provision: (session) => session.snapshots,
    prepare: (subject) => Promise.resolve({ vm: subject.sample.vm, quiesce: false }),
  }),
  {
    clause: 'a snapshot that asks the guest to flush is made, however much the platform can do',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const spec = { vm: subject.sample.vm, quiesce: true };
        const ref = await session.snapshots.create(spec, { key: freshKey(), signal: calm() });
        undo(() => session.snapshots.remove(ref, { signal: calm() }));
      }),
  },
  {
    clause: 'a described disk opens at its full size, at an endpoint that is JSON',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const described = await session.inventory.describe(subject.sample.vm, { signal: calm() });
        const { disk } = subject.sample;
        const lease = await opened(session, disk, await snapshotOf(session, subject, undo), undo);
        const sizeBytes = described.disks.find((entry) => entry.key === disk)?.sizeBytes ?? 0;
        assert.equal(lease.value.sizeBytes, sizeBytes);
        assertJson('the endpoint', lease.value);
        // the end of the disk is really there
        assert.equal((await subject.read(lease.value, sizeBytes - 512, 512)).length, 512);
      }),
  },
  {
    clause: 'an opened disk shows what was written before the snapshot',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const bytes = freshBytes(CLUSTER);
        await subject.sample.write(5 * STRIDE, bytes);
        const snapshot = await snapshotOf(session, subject, undo);
        const lease = await opened(session, subject.sample.disk, snapshot, undo);
        assertBytes('the snapshot', await subject.read(lease.value, 5 * STRIDE, CLUSTER), bytes);
      }),
  },
  {
    clause: 'a snapshot is frozen: what is written after it is not visible',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const { disk, write } = subject.sample;
        const [first, second] = [freshBytes(CLUSTER), freshBytes(CLUSTER)];
        await write(6 * STRIDE, first);
        await write(7 * STRIDE, second);
        const snapshot = await snapshotOf(session, subject, undo);
        await write(6 * STRIDE, freshBytes(CLUSTER));
        const lease = await opened(session, disk, snapshot, undo);
        await write(7 * STRIDE, freshBytes(CLUSTER));
        assertBytes('written before the open', await subject.read(lease.value, 6 * STRIDE, CLUSTER), first);
        assertBytes('written after the open', await subject.read(lease.value, 7 * STRIDE, CLUSTER), second);
      }),
  },
  {
    clause: 'a disk opens again after its lease was given back, and giving it back twice is harmless',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const snapshot = await snapshotOf(session, subject, undo);
        for (let round = 0; round < 2; round += 1) {
          const lease = await session.disks.open(subject.sample.disk, snapshot, { signal: calm() });
          assert.equal((await subject.read(lease.value, 0, 512)).length, 512);
          await lease[Symbol.asyncDispose]();
          await lease[Symbol.asyncDispose]();
        }
      }),
  },
  {
    clause: 'all disks of a snapshot can be open at once',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const second = secondDisk(subject);
        const bytes = [freshBytes(CLUSTER), freshBytes(CLUSTER)] as const;
        await subject.sample.write(3 * STRIDE, bytes[0]);
        await second.write(3 * STRIDE, bytes[1]);
        const snapshot = await snapshotOf(session, subject, undo);
        const one = await opened(session, subject.sample.disk, snapshot, undo);
        const other = await opened(session, second.disk, snapshot, undo);
        assertBytes('the first disk', await subject.read(one.value, 3 * STRIDE, CLUSTER), bytes[0]);
        assertBytes('the second disk', await subject.read(other.value, 3 * STRIDE, CLUSTER), bytes[1]);
      }),
  },
  { clause: 'one snapshot is one moment over all disks', run: oneMoment },
  {
    clause: 'an unknown disk or snapshot is resource.not-found',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const snapshot = await snapshotOf(session, subject, undo);
        await rejectsWith('resource.not-found', 'opening an unknown disk', () =>
          session.disks.open('conformance-no-such-disk', snapshot, { signal: calm() }),
        );
        await rejectsWith('resource.not-found', 'opening an unknown snapshot', () =>
          session.disks.open(subject.sample.disk, 'conformance-no-such-snapshot', { signal: calm() }),
        );
      }),
  },
];

export function secondDisk(subject: SourceSubject): SampleDisk {
  const { secondDisk: second } = subject.sample;
  if (!second) throw new NotApplicable('the sample machine has one disk');
  return second;
}

/** A writer counts on the first disk, then on the second: at any one moment they differ by one at most. */
async function oneMoment(subject: SourceSubject): Promise<void> {
  const second = secondDisk(subject);
  await withSession(subject, async (session, undo) => {
    const at = 2 * STRIDE;
    const counter = (value: number): Buffer => {
      const bytes = Buffer.alloc(512);
      bytes.writeUInt32BE(value);
      return bytes;
    };
    let goingOn = true;
    let written = 0;
    const writer = (async () => {
      while (goingOn) {
        written += 1;
        await subject.sample.write(at, counter(written));
        await second.write(at, counter(written));
        // a write that needs no waiting must not keep the snapshot from being taken
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const stop = async (): Promise<void> => {
      goingOn = false;
      await writer;
    };
    undo(stop);
    // not before both disks hold a count of this run
    const failed = writer.then(() => assert.fail('the writer ended by itself'));
    while (written < 3) await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 2))]);
    failed.catch(() => undefined);
    const snapshot = await snapshotOf(session, subject, undo);
    await stop();
    const counts: number[] = [];
    for (const disk of [subject.sample.disk, second.disk]) {
      const lease = await opened(session, disk, snapshot, undo);
      counts.push(Buffer.from(await subject.read(lease.value, at, 4)).readUInt32BE());
    }
    const [first = 0, other = 0] = counts;
    assert.ok(
      first === other || first === other + 1,
      `the first disk counts ${first}, the second ${other}: these are two moments`,
    );
  });
}
