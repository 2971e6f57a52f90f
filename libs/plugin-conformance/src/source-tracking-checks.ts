import assert from 'node:assert/strict';
import type {
  ChangeToken,
  ChangedBlockTracking,
  DiskKey,
  Extent,
  SnapshotRef,
  SourceSession,
} from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertJson,
  calm,
  collect,
  freshBytes,
  freshKey,
  rejectsWith,
  withSession,
} from './clause.js';
import { CLUSTER, STRIDE, secondDisk, snapshotOf } from './source-disk-checks.js';
import type { Check, SourceSubject } from './subjects.js';

interface Scene {
  readonly session: SourceSession;
  readonly tracking: ChangedBlockTracking;
  readonly disk: DiskKey;
  readonly undo: (action: () => Promise<unknown>) => void;
  /** A snapshot that lasts until the end of the clause. */
  snapshot(): Promise<SnapshotRef>;
  /** A sealed cycle: snapshot, token, and the snapshot is gone. */
  cycle(): Promise<ChangeToken>;
  changes(since: ChangeToken, until: SnapshotRef): Promise<Extent[]>;
  write(extents: readonly Extent[]): Promise<void>;
}

function trackingOf(session: SourceSession): ChangedBlockTracking {
  const tracking = session.can.changedBlocks;
  if (!tracking) throw new NotApplicable('the session does not track changes');
  return tracking;
}

function tracked(
  clause: string,
  body: (scene: Scene, subject: SourceSubject) => Promise<void>,
): Check<SourceSubject> {
  return {
    clause: `changed blocks: ${clause}`,
    needs: 'changedBlocks',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const tracking = trackingOf(session);
        const { vm, disk, write } = subject.sample;
        await tracking.enable(vm, { signal: calm() });
        const scene: Scene = {
          session,
          tracking,
          disk,
          undo,
          snapshot: () => snapshotOf(session, subject, undo),
          async cycle() {
            const ref = await session.snapshots.create(
              { vm, quiesce: false },
              { key: freshKey(), signal: calm() },
            );
            undo(() => session.snapshots.remove(ref, { signal: calm() }));
            const token = await tracking.token(disk, ref, { signal: calm() });
            await session.snapshots.remove(ref, { signal: calm() });
            return token;
          },
          changes: (since, until) => collect(tracking.changes(disk, { since, until }, { signal: calm() })),
          async write(extents) {
            for (const { offset, length } of extents) await write(offset, freshBytes(length));
          },
        };
        await body(scene, subject);
      }),
  };
}

/** Fails unless every written byte lies in a reported extent. */
function assertCovers(reported: readonly Extent[], written: readonly Extent[]): void {
  for (const { offset, length } of written) {
    let at = offset;
    for (const extent of reported) {
      if (extent.offset <= at && at < extent.offset + extent.length) at = extent.offset + extent.length;
    }
    assert.ok(at >= offset + length, `the write of ${length} bytes at ${offset} is missing from ${at} on`);
  }
}

const FIRST: readonly Extent[] = [
  { offset: 9 * STRIDE, length: CLUSTER },
  { offset: STRIDE + 512, length: 512 },
  { offset: 4 * STRIDE - 4096, length: 3 * CLUSTER },
];
const SECOND: readonly Extent[] = [
  { offset: 11 * STRIDE, length: 4096 },
  { offset: 0, length: 512 },
];

/** Clauses about change tracking: a write that is forgotten is a file that is corrupted. */
export const SOURCE_TRACKING_CHECKS: readonly Check<SourceSubject>[] = [
  tracked('they cover every write, in order, without overlap, within the disk', async (scene, subject) => {
    const since = await scene.cycle();
    await scene.write(FIRST);
    const reported = await scene.changes(since, await scene.snapshot());
    assertCovers(reported, FIRST);
    const described = await scene.session.inventory.describe(subject.sample.vm, { signal: calm() });
    const sizeBytes = described.disks.find((entry) => entry.key === scene.disk)?.sizeBytes ?? 0;
    let end = 0;
    for (const { offset, length } of reported) {
      assert.ok(offset >= end && length > 0, `${offset} + ${length} is out of order, overlaps or is empty`);
      end = offset + length;
    }
    assert.ok(end <= sizeBytes, `changes reach to ${end}, the disk ends at ${sizeBytes}`);
    assertJson('the changes', reported);
  }),
  tracked('the last bytes of the disk are tracked too', async (scene, subject) => {
    const described = await scene.session.inventory.describe(subject.sample.vm, { signal: calm() });
    const sizeBytes = described.disks.find((entry) => entry.key === scene.disk)?.sizeBytes ?? 0;
    const since = await scene.cycle();
    const written = [{ offset: sizeBytes - 512, length: 512 }];
    await scene.write(written);
    assertCovers(await scene.changes(since, await scene.snapshot()), written);
  }),
  tracked(
    'a token is text, and survives the removal of its snapshot and the end of its session',
    async (scene, subject) => {
      const since = await scene.cycle();
      assert.ok(typeof since === 'string' && since.length > 0);
      await scene.write(FIRST);
      await withSession(subject, async (later, undo) => {
        const until = await snapshotOf(later, subject, undo);
        const range = { since, until };
        const reported = await collect(trackingOf(later).changes(scene.disk, range, { signal: calm() }));
        assertCovers(reported, FIRST);
      });
    },
  ),
  tracked('a cycle that failed loses nothing', async (scene) => {
    const since = await scene.cycle();
    await scene.write(FIRST);
    // a cycle that gets as far as asking, and is never sealed
    const failed = await scene.snapshot();
    await scene.tracking.token(scene.disk, failed, { signal: calm() });
    await scene.changes(since, failed);
    await scene.session.snapshots.remove(failed, { signal: calm() });
    // and one that did not even ask
    await scene.cycle();
    await scene.write(SECOND);
    assertCovers(await scene.changes(since, await scene.snapshot()), [...FIRST, ...SECOND]);
  }),
  tracked('asking again answers again', async (scene) => {
    const since = await scene.cycle();
    await scene.write(FIRST);
    const until = await scene.snapshot();
    assertCovers(await scene.changes(since, until), FIRST);
    assertCovers(await scene.changes(since, until), FIRST);
  }),
  tracked('cycle after cycle, each finds what was written since the last', async (scene) => {
    const first = await scene.cycle();
    await scene.write(FIRST);
    const until = await scene.snapshot();
    assertCovers(await scene.changes(first, until), FIRST);
    const second = await scene.tracking.token(scene.disk, until, { signal: calm() });
    await scene.session.snapshots.remove(until, { signal: calm() });
    await scene.write(SECOND);
    assertCovers(await scene.changes(second, await scene.snapshot()), SECOND);
  }),
  tracked('a write while the snapshot is open belongs to the next cycle', async (scene) => {
    const until = await scene.snapshot();
    const since = await scene.tracking.token(scene.disk, until, { signal: calm() });
    await scene.write(FIRST);
    await scene.session.snapshots.remove(until, { signal: calm() });
    assertCovers(await scene.changes(since, await scene.snapshot()), FIRST);
  }),
  tracked('enabling what is enabled keeps the tokens good', async (scene, subject) => {
    const since = await scene.cycle();
    await scene.write(FIRST);
    await scene.tracking.enable(subject.sample.vm, { signal: calm() });
    assertCovers(await scene.changes(since, await scene.snapshot()), FIRST);
  }),
  tracked('a token that was never issued is tracking.reset', async (scene) => {
    const until = await scene.snapshot();
    const issued = await scene.tracking.token(scene.disk, until, { signal: calm() });
    for (const token of ['', 'garbage', `${issued}x`, '{}', '[1]', '52 de ad be ef/0']) {
      await rejectsWith('tracking.reset', `changes since ${JSON.stringify(token)}`, () =>
        scene.changes(token, until),
      );
    }
  }),
  tracked('a token of another disk is tracking.reset', async (scene, subject) => {
    const { disk: other } = secondDisk(subject);
    const until = await scene.snapshot();
    const foreign = await scene.tracking.token(other, until, { signal: calm() });
    await rejectsWith('tracking.reset', 'changes since a token of another disk', () =>
      scene.changes(foreign, until),
    );
  }),
  tracked('a token from before tracking was switched off is tracking.reset', async (scene, subject) => {
    const { vm } = subject.sample;
    const since = await scene.cycle();
    await scene.tracking.disable(vm, { signal: calm() });
    await scene.write(FIRST);
    await scene.tracking.disable(vm, { signal: calm() });
    await scene.tracking.enable(vm, { signal: calm() });
    const until = await scene.snapshot();
    await rejectsWith('tracking.reset', 'changes across a gap in the tracking', () =>
      scene.changes(since, until),
    );
  }),
];
