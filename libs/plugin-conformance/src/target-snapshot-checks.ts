import assert from 'node:assert/strict';
import type { TargetSession, VolumeRef, VolumeSnapshotControl, VolumeSnapshotRef } from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertBytes,
  calm,
  freshBytes,
  freshKey,
  rejectsWith,
  withSession,
} from './clause.js';
import { provisionChecks } from './provision-checks.js';
import type { Check, TargetSubject } from './subjects.js';
import { CLUSTER, get, newVolume, put, type Undo } from './target-scene.js';

type Mode = 'whileAttached' | 'whileDetached';

const connect = ({ plugin, settings, context }: TargetSubject): Promise<TargetSession> =>
  plugin.connect(settings, context, { signal: calm() });

interface Scene {
  readonly session: TargetSession;
  readonly control: VolumeSnapshotControl;
  readonly volume: VolumeRef;
  /** What the volume held when the snapshot was taken. */
  readonly bytes: Buffer;
  readonly snapshot: VolumeSnapshotRef;
  put(volume: VolumeRef, bytes: Uint8Array): Promise<void>;
  get(volume: VolumeRef): Promise<Uint8Array>;
  /** A volume made from the snapshot. */
  copy(): Promise<VolumeRef>;
}

function controlOf(session: TargetSession, mode: Mode): VolumeSnapshotControl {
  const control = session.can.volumeSnapshots?.[mode];
  if (!control) throw new NotApplicable(`volumes are not snapshotted ${mode}`);
  return control;
}

/** Takes a snapshot the way the mode says: with the volume open, or given back. */
async function take(
  session: TargetSession,
  mode: Mode,
  volume: VolumeRef,
  undo: Undo,
): Promise<VolumeSnapshotRef> {
  const control = controlOf(session, mode);
  const lease = mode === 'whileAttached' ? await session.volumes.open(volume, { signal: calm() }) : undefined;
  try {
    const ref = await control.create({ volume }, { key: freshKey(), signal: calm() });
    undo(() => control.remove(ref, { signal: calm() }));
    return ref;
  } finally {
    await lease?.[Symbol.asyncDispose]();
  }
}

function snapshotClause(
  mode: Mode,
  clause: string,
  body: (scene: Scene) => Promise<void>,
): Check<TargetSubject> {
  return {
    clause: `volume snapshots ${mode}: ${clause}`,
    needs: 'volumeSnapshots',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const control = controlOf(session, mode);
        const volume = await newVolume(session, subject, undo);
        const bytes = freshBytes(CLUSTER);
        await put(session, subject, volume, CLUSTER, bytes);
        const snapshot = await take(session, mode, volume, undo);
        await body({
          session,
          control,
          volume,
          bytes,
          snapshot,
          put: (on, what) => put(session, subject, on, CLUSTER, what),
          get: (from) => get(session, subject, from, CLUSTER, CLUSTER),
          async copy() {
            const spec = { snapshot, name: `conformance-${freshKey().slice(-8)}` };
            const ref = await control.volumeFromSnapshot.create(spec, { key: freshKey(), signal: calm() });
            undo(() => session.volumes.remove(ref, { signal: calm() }));
            return ref;
          },
        });
      }),
  };
}

function checksOf(mode: Mode): Check<TargetSubject>[] {
  return [
    ...provisionChecks<TargetSubject, TargetSession, { readonly volume: VolumeRef }, VolumeSnapshotRef>({
      what: `volume snapshots ${mode}`,
      needs: 'volumeSnapshots',
      several: false,
      connect,
      provision: (session) => session.can.volumeSnapshots?.[mode],
      async prepare(subject, session, undo) {
        const volume = await newVolume(session, subject, undo);
        if (mode === 'whileAttached') {
          const lease = await session.volumes.open(volume, { signal: calm() });
          undo(async () => lease[Symbol.asyncDispose]());
        }
        return { volume };
      },
    }),
    ...provisionChecks<
      TargetSubject,
      TargetSession,
      { snapshot: VolumeSnapshotRef; name: string },
      VolumeRef
    >({
      what: `volumes from snapshots ${mode}`,
      needs: 'volumeSnapshots',
      several: true,
      connect,
      provision: (session) => session.can.volumeSnapshots?.[mode]?.volumeFromSnapshot,
      async prepare(subject, session, undo) {
        const snapshot = await take(session, mode, await newVolume(session, subject, undo), undo);
        return { snapshot, name: `conformance-${freshKey().slice(-8)}` };
      },
    }),
    snapshotClause(
      mode,
      'revert puts the bytes back',
      async ({ control, snapshot, volume, bytes, ...scene }) => {
        await scene.put(volume, freshBytes(CLUSTER));
        await control.revert(snapshot, { signal: calm() });
        assertBytes('the reverted volume', await scene.get(volume), bytes);
      },
    ),
    snapshotClause(
      mode,
      'a snapshot can be reverted to twice',
      async ({ control, snapshot, volume, bytes, ...scene }) => {
        for (let round = 0; round < 2; round += 1) {
          await scene.put(volume, freshBytes(CLUSTER));
          await control.revert(snapshot, { signal: calm() });
        }
        assertBytes('the volume reverted twice', await scene.get(volume), bytes);
      },
    ),
    snapshotClause(
      mode,
      'an open volume is not reverted: volume.in-use',
      async ({ session, control, snapshot, volume }) => {
        const lease = await session.volumes.open(volume, { signal: calm() });
        try {
          await rejectsWith('volume.in-use', 'reverting an open volume', () =>
            control.revert(snapshot, { signal: calm() }),
          );
        } finally {
          await lease[Symbol.asyncDispose]();
        }
      },
    ),
    snapshotClause(
      mode,
      'removing a snapshot keeps the volume as it is',
      async ({ control, snapshot, volume, ...scene }) => {
        const newer = freshBytes(CLUSTER);
        await scene.put(volume, newer);
        await control.remove(snapshot, { signal: calm() });
        assertBytes('the volume', await scene.get(volume), newer);
      },
    ),
    snapshotClause(
      mode,
      'a volume made from a snapshot holds the snapshot',
      async ({ volume, bytes, ...scene }) => {
        await scene.put(volume, freshBytes(CLUSTER));
        assertBytes('the new volume', await scene.get(await scene.copy()), bytes);
      },
    ),
    snapshotClause(
      mode,
      'a volume made from a snapshot is one of its own',
      async ({ control, snapshot, volume, bytes, ...scene }) => {
        const copy = await scene.copy();
        const [onCopy, onOriginal] = [freshBytes(CLUSTER), freshBytes(CLUSTER)];
        await scene.put(copy, onCopy);
        assertBytes('the original', await scene.get(volume), bytes);
        await scene.put(volume, onOriginal);
        assertBytes('the new volume', await scene.get(copy), onCopy);
        await control.revert(snapshot, { signal: calm() });
        assertBytes('the snapshot', await scene.get(volume), bytes);
      },
    ),
    snapshotClause(
      mode,
      'removing a snapshot keeps the volumes made from it',
      async ({ control, snapshot, bytes, ...scene }) => {
        const copy = await scene.copy();
        await control.remove(snapshot, { signal: calm() });
        assertBytes('the volume made from it', await scene.get(copy), bytes);
      },
    ),
  ];
}

/** Clauses about snapshots of volumes, in both ways a platform may offer them. */
export const TARGET_SNAPSHOT_CHECKS: readonly Check<TargetSubject>[] = [
  {
    clause: 'volume snapshots: at least one way to take them is offered, and what it costs is told',
    needs: 'volumeSnapshots',
    run: (subject) =>
      withSession(subject, async ({ can: { volumeSnapshots } }) => {
        assert.ok(volumeSnapshots?.whileAttached ?? volumeSnapshots?.whileDetached, 'neither way is offered');
        assert.ok(['instant', 'copies-volume'].includes(volumeSnapshots?.cost ?? ''), 'the cost is not told');
      }),
  },
  ...checksOf('whileAttached'),
  ...checksOf('whileDetached'),
];
