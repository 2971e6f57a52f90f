import {
  partKey,
  provisioned,
  unprovisioned,
  type DiskVolume,
  type VolumeSnapshots as SnapshotSet,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, TargetSession, VolumeSnapshotControl } from '@ossea/plugin-sdk';
import { Semaphore } from 'async-mutex';
import type { DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import type { ContextLocks } from './context-locks.js';
import { syncFile } from './durable-files.js';
import type { Holds } from './holds.js';
import { NbdExport } from './nbd-export.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import { VolumeSnapshot, type SnapshotPurpose } from './volume-snapshot.entity.js';
import { Volume } from './volume.entity.js';

export interface VolumeSnapshotsOptions {
  readonly database: DataSource;
  readonly attachments: VolumeAttachments;
  readonly holds: Holds;
  readonly locks: ContextLocks;
}

/** Snapshots of a context's volumes at the target, all of them at one recovery point. */
export class VolumeSnapshots {
  constructor(private readonly options: VolumeSnapshotsOptions) {}

  /**
   * Snapshots every volume, attached or detached as the target can.
   * @param key of the whole set; asked again with the same key, it gives the same set.
   * Throws `plugin.unsupported`, `request.conflict` when the volumes hold no recovery point, `volume.in-use`.
   */
  snapshot(
    contextId: string,
    purpose: SnapshotPurpose,
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<SnapshotSet> {
    return this.options.locks.exclusive(contextId, options.signal, async (putOff) => {
      const { attachments, holds, database } = this.options;
      const pointSequence = await holds.pointOf(contextId);
      if ((await database.getRepository(NbdExport).countBy({ contextId, what: 'volume' })) > 0)
        throw new MigrationError('volume.in-use', 'A volume is exported.', { context: { contextId } });
      const set: { readonly volume: Volume; readonly row: VolumeSnapshot }[] = [];
      for (const volume of await attachments.volumesOf(contextId)) {
        const row = await this.rowOf(volume, { purpose, key, pointSequence });
        if (row.pointSequence !== pointSequence)
          throw new MigrationError(
            'request.conflict',
            'A snapshot of this set holds another recovery point.',
            { context: { contextId, pointSequence: row.pointSequence } },
          );
        set.push({ volume, row });
      }
      // at one point, whatever the order: nothing is folded while this runs
      const snapshots = await this.takeAll(set, putOff, options);
      return { generation: pointSequence, snapshots };
    });
  }

  /** As many at once as the target takes. Every one that began has ended when this fails. */
  private async takeAll(
    set: readonly { readonly volume: Volume; readonly row: VolumeSnapshot }[],
    putOff: (reason: string) => void,
    options: CallOptions,
  ): Promise<{ volume: string; snapshot: string }[]> {
    const [first] = set;
    if (!first) return [];
    const session = await this.options.attachments.session(first.volume, options);
    // such a snapshot is a copy of the volume: a cycle must not wait for it with its own reading and folding
    if (controlOf(session) !== session.can.volumeSnapshots?.whileAttached)
      putOff('The volumes are away for their snapshots.');
    const atOnce = new Semaphore((await session.limits(options)).snapshotsAtOnce);
    const taken = await Promise.allSettled(
      set.map(({ volume, row }) =>
        atOnce.runExclusive(async () => {
          row.ref ??= await this.take(volume, row.createKey, options);
          await this.repository.update({ id: row.id }, { ref: row.ref });
          return { volume: refOf(volume), snapshot: row.ref };
        }),
      ),
    );
    return taken.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  /**
   * Puts the volumes back to what the snapshots hold; they are detached then. What stands in kept deltas stays there.
   * Safe to repeat. Throws `volume.in-use` while a volume is attached to a machine or read.
   */
  async revert({ snapshots }: SnapshotSet, options: CallOptions): Promise<void> {
    const { attachments, database, locks } = this.options;
    for (const { snapshot } of snapshots) {
      const row = await this.repository.findOneBy({ ref: snapshot });
      if (!row) throw new MigrationError('resource.not-found', `There is no snapshot "${snapshot}".`);
      await locks.exclusive(row.contextId, options.signal, async () => {
        const volume = await database.getRepository(Volume).findOneByOrFail({ id: row.volumeId });
        await attachments.detachOne(volume, options);
        const control = controlOf(await attachments.session(volume, options));
        // Stored first: until the revert has ended the volume holds no point by itself.
        await this.update(volume, { currentPoint: null });
        await control.revert(snapshot, options);
        await this.update(volume, { currentPoint: row.pointSequence, foldState: 'idle' });
      });
    }
  }

  /** Removes a set; what is gone already is success. */
  async drop(contextId: string, key: IdempotencyKey, options: CallOptions): Promise<void> {
    const { attachments, database } = this.options;
    for (const row of await this.repository.findBy({ contextId, setKey: key })) {
      const volume = await database.getRepository(Volume).findOneByOrFail({ id: row.volumeId });
      const control = controlOf(await attachments.session(volume, options));
      if (row.ref === null) await unprovisioned(control, row.createKey, options);
      else await control.remove(row.ref, options);
      await this.repository.delete({ id: row.id });
    }
  }

  /** New volumes that hold what the snapshots hold, by the parts of `key`. */
  async cloneFrom(
    contextId: string,
    { snapshots, generation }: SnapshotSet,
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<DiskVolume[]> {
    const { attachments } = this.options;
    const volumes = await attachments.volumesOf(contextId);
    const clones: DiskVolume[] = [];
    for (const { volume: ref, snapshot } of snapshots) {
      const volume = volumes.find((one) => one.ref === ref);
      if (!volume)
        throw new MigrationError('resource.not-found', `The volume "${ref}" is not of this machine.`);
      const { volumeFromSnapshot } = controlOf(await attachments.session(volume, options));
      const spec = { snapshot, name: `test-${volume.diskKey}-${generation}` };
      const clone = await provisioned(volumeFromSnapshot, spec, partKey(key, volume.diskKey), options);
      clones.push({ disk: volume.diskKey, volume: clone });
    }
    return clones;
  }

  /** Removes what `cloneFrom` made with this key, finished or not. */
  async removeClones(contextId: string, key: IdempotencyKey, options: CallOptions): Promise<void> {
    for (const volume of await this.options.attachments.volumesOf(contextId)) {
      const session = await this.options.attachments.session(volume, options);
      const { volumeFromSnapshot } = controlOf(session);
      const found = await volumeFromSnapshot.find(partKey(key, volume.diskKey), options);
      if (found) await session.volumes.remove(found.ref, options);
    }
  }

  private async take(volume: Volume, key: IdempotencyKey, options: CallOptions): Promise<string> {
    const { attachments } = this.options;
    const session = await attachments.session(volume, options);
    const spec = { volume: refOf(volume) };
    const control = controlOf(session);
    if (volume.state === 'attached') await syncFile((await attachments.device(volume, options)).path);
    const take = () => provisioned(control, spec, key, options);
    return control === session.can.volumeSnapshots?.whileAttached
      ? take()
      : attachments.whileDetached(volume, options, take);
  }

  private async rowOf(
    volume: Volume,
    set: { readonly purpose: SnapshotPurpose; readonly key: IdempotencyKey; readonly pointSequence: number },
  ): Promise<VolumeSnapshot> {
    const createKey = partKey(set.key, volume.diskKey);
    const existing = await this.repository.findOneBy({ createKey });
    if (existing) return existing;
    return this.repository.save(
      this.repository.create({
        id: newId('snp'),
        contextId: volume.contextId,
        volumeId: volume.id,
        setKey: set.key,
        createKey,
        ref: null,
        purpose: set.purpose,
        pointSequence: set.pointSequence,
        createdAt: new Date(),
      }),
    );
  }

  private async update(volume: Volume, change: Partial<Volume>): Promise<void> {
    await this.options.database
      .getRepository(Volume)
      .update({ id: volume.id }, { ...change, updatedAt: new Date() });
  }

  private get repository() {
    return this.options.database.getRepository(VolumeSnapshot);
  }
}

/**
 * A snapshot of one kind is as good as one of the other. While it is attached, a volume is snapshotted only where that
 * is instant: where the platform copies it, one such snapshot holds up every attach and detach of this appliance for
 * as long as it takes, and a detached volume holds up nobody.
 */
function controlOf({ can }: TargetSession): VolumeSnapshotControl {
  const { whileAttached, whileDetached, cost } = can.volumeSnapshots ?? {};
  const control = cost === 'instant' ? (whileAttached ?? whileDetached) : (whileDetached ?? whileAttached);
  if (!control) throw new MigrationError('plugin.unsupported', 'The target cannot snapshot volumes.');
  return control;
}

function refOf(volume: Volume): string {
  if (volume.ref !== null) return volume.ref;
  throw new MigrationError('resource.not-found', `The volume of disk "${volume.diskKey}" was never created.`);
}
