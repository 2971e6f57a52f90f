import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import { sparseCopy } from '@ossea/qemu';
import type {
  CallOptions,
  IdempotencyKey,
  Provision,
  VolumeRef,
  VolumeSnapshotControl,
  VolumeSnapshotRef,
} from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { idOf, notFound } from './identity.js';
import type { Pool, SnapshotRecord } from './pool.js';
import { syncDirectory, syncFile } from './record-store.js';
import { removeUnusedSnapshotFiles } from './snapshot-files.js';
import { makeVolume, type Volumes } from './volumes.js';

type Found<Ref extends string> = Promise<{ readonly ref: Ref; readonly complete: boolean } | undefined>;

/**
 * Snapshots as copies of a volume's file. While the volume is attached, whoever has it open must hold still and have
 * flushed: the copy reads the file, not the program's caches.
 */
export class VolumeSnapshots implements VolumeSnapshotControl {
  constructor(
    private readonly pool: Pool,
    private readonly volumes: Volumes,
    private readonly mode: 'while-attached' | 'while-detached',
  ) {}

  create(
    { volume }: { readonly volume: VolumeRef },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeSnapshotRef> {
    return guarded(options, async () => {
      const { key } = options;
      const id = idOf('snapshot', key);
      const old = await this.pool.snapshots.read(id);
      if (old?.state === 'ready') return id;
      const source = await this.pool.volume(volume);
      if (this.mode === 'while-detached') await this.pool.mustNotBeOpen(volume);
      // a machine that is stopped leaves its files alone, but it may be started while the copy runs
      await this.pool.mustNotBeAttached(volume);
      // a name of its own: the file of an earlier snapshot with this key may still be read through
      const file = old?.file ?? `${id}.${randomBytes(4).toString('hex')}.${source.format}`;
      const { sizeBytes, format, backing } = source;
      const record: SnapshotRecord = {
        version: 1,
        key,
        volume,
        sizeBytes,
        format,
        file,
        state: 'making',
        ...(backing === undefined ? {} : { backing }),
      };
      await this.pool.snapshots.write(id, record);
      try {
        await sparseCopy(
          this.pool.context.run,
          this.pool.volumePath(source),
          this.pool.snapshots.fileIn(file),
          options,
        );
      } catch (error) {
        await this.pool.snapshots.remove(id);
        throw error;
      }
      await this.pool.snapshots.write(id, { ...record, state: 'ready' });
      return id;
    });
  }

  find(key: IdempotencyKey, options: CallOptions): Found<VolumeSnapshotRef> {
    return guarded(options, async () => {
      const id = idOf('snapshot', key);
      const record = await this.pool.snapshots.read(id);
      return record && { ref: id, complete: record.state === 'ready' };
    });
  }

  remove(ref: VolumeSnapshotRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      if (!(await this.pool.snapshots.read(ref))) return;
      await this.pool.snapshots.remove(ref);
      await removeUnusedSnapshotFiles(this.pool);
    });
  }

  /** The old contents go into a file of their own first and take the volume's name when they are whole and durable. */
  revert(ref: VolumeSnapshotRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const snapshot = await this.snapshot(ref);
      const volume = await this.pool.volume(snapshot.volume);
      await this.pool.mustNotBeOpen(snapshot.volume);
      await this.pool.mustNotBeAttached(snapshot.volume);
      if (volume.format !== snapshot.format || volume.sizeBytes !== snapshot.sizeBytes)
        throw new MigrationError(
          'disk.size-mismatch',
          `The volume ${snapshot.volume} is not what was snapshotted.`,
        );
      const from = this.pool.snapshots.fileIn(snapshot.file);
      await sparseCopy(this.pool.context.run, from, this.pool.volumePath(volume), options);
    });
  }

  readonly volumeFromSnapshot: Provision<
    { readonly snapshot: VolumeSnapshotRef; readonly name: string },
    VolumeRef
  > = {
    create: (spec, options) => guarded(options, () => this.makeClone(spec, options)),
    find: (key, options) => guarded(options, () => this.volumes.findBy(idOf('clone', key), options)),
    remove: (ref, options) => this.volumes.remove(ref, options),
  };

  /** An overlay on the snapshot's file: made at once, whatever the size. */
  private async makeClone(
    spec: { readonly snapshot: VolumeSnapshotRef; readonly name: string },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeRef> {
    const id = idOf('clone', options.key);
    if ((await this.pool.volumes.read(id))?.state === 'ready') return id;
    const { sizeBytes, format, file } = await this.snapshot(spec.snapshot);
    const draft = {
      key: options.key,
      name: spec.name,
      sizeBytes,
      format: 'qcow2' as const,
      file: `${id}.qcow2`,
      backing: file,
    };
    try {
      return await makeVolume(this.pool, id, draft, async (record) => {
        // our record is written; from here on nobody lets the file go
        await this.snapshot(spec.snapshot);
        const path = this.pool.volumePath(record);
        await rm(path, { force: true });
        // relative, so that a pool can be moved; the format is explicit, so that no content is ever probed
        const args = [
          'create',
          '-q',
          '-f',
          'qcow2',
          '-F',
          format,
          '-b',
          `../snapshots/${file}`,
          path,
          String(sizeBytes),
        ];
        await this.pool.context.run.exec({ command: 'qemu-img', args }, { signal: options.signal });
        await syncFile(path);
        await syncDirectory(this.pool.volumes.directory);
      });
    } catch (error) {
      await rm(this.pool.volumes.fileIn(draft.file), { force: true });
      await this.pool.volumes.remove(id);
      throw error;
    }
  }

  private async snapshot(ref: VolumeSnapshotRef): Promise<SnapshotRecord> {
    const record = await this.pool.snapshots.read(ref);
    if (record?.state !== 'ready') throw notFound('snapshot', ref);
    return record;
  }
}
