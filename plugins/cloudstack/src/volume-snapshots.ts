import { MigrationError } from '@ossea/errors';
import type {
  CallOptions,
  IdempotencyKey,
  Provision,
  VolumeRef,
  VolumeSnapshotControl,
  VolumeSnapshotRef,
} from '@ossea/plugin-sdk';
import { z } from '@ossea/plugin-sdk';
import { madeOnce, type Cloud } from './cloud.js';
import { snapshotSchema, successSchema, type Snapshot } from './client/index.js';
import { guarded } from './guarded.js';
import { KEY_TAG, carries, markIn, markOf, markedName, oldestFirst, tag, tagOf } from './marks.js';
import type { MarkedVolumes } from './marked-volumes.js';
import { readOne } from './read-one.js';
import type { VolumeBlocks } from './volume-blocks.js';
import { inUse, mustHaveVolume } from './volume-reads.js';

/** createVolume takes a snapshot in this state only (SnapshotManagerImpl). */
const READY = 'BackedUp';
const GONE: ReadonlySet<string> = new Set(['Destroyed', 'Destroying', 'Expunging']);
/** What a snapshot that failed is left as: it holds nothing, and stands there until it is deleted. */
const FAILED = 'Error';

/** Snapshots of volumes, of attached ones or of detached ones: CloudStack's own call is the same. */
export class VolumeSnapshots implements VolumeSnapshotControl {
  constructor(
    private readonly cloud: Cloud,
    private readonly marked: MarkedVolumes,
    private readonly blocks: VolumeBlocks,
    private readonly mode: 'while-attached' | 'while-detached',
  ) {}

  create(
    spec: { readonly volume: VolumeRef },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeSnapshotRef> {
    return guarded(options, async () => {
      const { key } = options;
      const mark = markOf('snapshot', key);
      const volume = await mustHaveVolume(this.cloud, spec.volume, options);
      if (this.mode === 'while-detached' && volume.virtualmachineid !== undefined) throw inUse(volume);
      await this.blocks.mustBeThere(volume, options);
      const params = { volumeid: volume.id, name: markedName('ossea', mark) };
      const made = await madeOnce(
        () => this.one(mark, options),
        () => this.cloud.client.job('createSnapshot', params, snapshotSchema, options),
        options,
      );
      await this.removeTwins(mark, made.id, options);
      const snapshot = await this.settled(made, options);
      if (snapshot.state !== READY)
        throw new MigrationError('snapshot.failed', `The snapshot "${snapshot.name}" is ${snapshot.state}.`, {
          context: { volume: volume.id, snapshot: snapshot.id },
        });
      await tag(this.cloud, 'snapshot', snapshot, { [KEY_TAG]: key }, options);
      return snapshot.id;
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: VolumeSnapshotRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const mark = markOf('snapshot', key);
      // one that failed is there, too: whoever asks so that it can be removed must find it
      const snapshot = (await this.one(mark, options)) ?? (await this.allOf(mark, options))[0];
      if (!snapshot) return undefined;
      const complete = snapshot.state === READY && tagOf(snapshot, KEY_TAG) === key;
      return { ref: snapshot.id, complete };
    });
  }

  remove(ref: VolumeSnapshotRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const snapshot = await this.read(ref, options);
      if (!snapshot) return;
      // one that is still being taken cannot be deleted
      await this.delete(await this.settled(snapshot, options), options);
      const mark = markIn(snapshot.name);
      if (mark !== undefined) await this.removeTwins(mark, snapshot.id, options);
    });
  }

  /**
   * CloudStack reverts the volume in place, and refuses while it hangs on a machine that runs. Asked again after an
   * answer that was lost, it does the same once more.
   */
  revert(ref: VolumeSnapshotRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const snapshot = await this.read(ref, options);
      if (snapshot?.volumeid === undefined) throw notFound(ref);
      const volume = await mustHaveVolume(this.cloud, snapshot.volumeid, options);
      if (volume.virtualmachineid !== undefined) throw inUse(volume);
      await this.cloud.client.job('revertSnapshot', { id: ref }, z.unknown(), options);
      const { state } = await mustHaveVolume(this.cloud, volume.id, options);
      if (state !== 'Ready')
        throw new MigrationError('resource.busy', `The volume is ${state} after it was reverted.`);
    });
  }

  readonly volumeFromSnapshot: Provision<
    { readonly snapshot: VolumeSnapshotRef; readonly name: string },
    VolumeRef
  > = {
    create: ({ snapshot: ref, name }, options) =>
      guarded(options, async () => {
        const snapshot = await this.read(ref, options);
        if (!snapshot) throw notFound(ref);
        // no disk offering: one beside a snapshot of a data disk is refused
        const params = { snapshotid: snapshot.id };
        return this.marked.create('clone', { name, sizeBytes: snapshot.virtualsize ?? 0, params }, options);
      }),
    find: (key, options) => guarded(options, () => this.marked.find('clone', key, options)),
    remove: (ref, options) => guarded(options, () => this.marked.remove(ref, options)),
  };

  private async delete({ id }: Snapshot, options: CallOptions): Promise<void> {
    try {
      await this.cloud.client.job('deleteSnapshot', { id }, successSchema, options);
    } catch (fault) {
      options.signal.throwIfAborted();
      if (await this.read(id, options)) throw fault;
    }
  }

  private async removeTwins(mark: string, keep: string, options: CallOptions): Promise<void> {
    for (const twin of await this.allOf(mark, options))
      if (twin.id !== keep && tagOf(twin, KEY_TAG) === undefined)
        await this.delete(await this.settled(twin, options), options);
  }

  /** The snapshot when no job works on it any more. */
  private async settled(snapshot: Snapshot, options: CallOptions): Promise<Snapshot> {
    if (snapshot.jobid !== undefined && snapshot.jobstatus === 0)
      await this.cloud.client
        .waitForJob(snapshot.jobid, z.unknown(), options)
        .catch(() => options.signal.throwIfAborted());
    return (await this.read(snapshot.id, options)) ?? snapshot;
  }

  private async read(id: string, options: CallOptions): Promise<Snapshot | undefined> {
    const snapshot = await readOne(this.cloud, 'listSnapshots', id, snapshotSchema, options);
    return snapshot && !GONE.has(snapshot.state) ? snapshot : undefined;
  }

  private async one(mark: string, options: CallOptions): Promise<Snapshot | undefined> {
    const found = (await this.allOf(mark, options)).filter(({ state }) => state !== FAILED);
    return found.find((snapshot) => tagOf(snapshot, KEY_TAG) !== undefined) ?? found[0];
  }

  private async allOf(mark: string, options: CallOptions): Promise<Snapshot[]> {
    const params = { keyword: mark, listall: true };
    const found = await this.cloud.client.list('listSnapshots', params, snapshotSchema, options);
    return found
      .filter((snapshot) => carries(snapshot.name, mark) && !GONE.has(snapshot.state))
      .sort(oldestFirst);
  }
}

function notFound(ref: string): MigrationError {
  return new MigrationError(
    'resource.not-found',
    `There is no snapshot "${ref.slice(0, 80)}" in this account.`,
  );
}
