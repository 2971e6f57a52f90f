import { open, rename, rm, stat } from 'node:fs/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type {
  CallOptions,
  IdempotencyKey,
  Lease,
  VolumeControl,
  VolumeDevice,
  VolumeRef,
  VolumeSpec,
} from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { idOf } from './identity.js';
import type { Pool, VolumeRecord } from './pool.js';
import { isMissing, syncDirectory, syncFile } from './record-store.js';
import { placementSchema, type QemuPlacement } from './settings.js';
import { removeUnusedSnapshotFiles } from './snapshot-files.js';
import { takeLease } from './volume-lease.js';

const SECTOR_BYTES = 512;

/** Makes an empty image, under its own name only once it is whole. A raw one of this kind is all hole: it reads as zeroes. */
async function makeImage(pool: Pool, record: VolumeRecord, { signal }: CallOptions): Promise<void> {
  const path = pool.volumePath(record);
  const temporary = `${path}.making`;
  await rm(temporary, { force: true });
  try {
    if (record.format === 'raw') {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.truncate(record.sizeBytes);
      } finally {
        await file.close();
      }
    } else {
      const args = [
        'create',
        '-q',
        '-f',
        'qcow2',
        '-o',
        'cluster_size=65536',
        temporary,
        String(record.sizeBytes),
      ];
      await pool.context.run.exec({ command: 'qemu-img', args }, { signal });
    }
    await syncFile(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(pool.volumes.directory);
}

/**
 * Makes a volume by its record: the record is written first, then the image, then the record says that it is whole.
 * @param make makes the image; it may run again over what a crash left.
 */
export async function makeVolume(
  pool: Pool,
  id: VolumeRef,
  draft: Omit<VolumeRecord, 'version' | 'state'>,
  make: (record: VolumeRecord) => Promise<void>,
): Promise<VolumeRef> {
  const record: VolumeRecord = { version: 1, state: 'making', ...draft };
  await pool.volumes.write(id, record);
  await make(record);
  await pool.volumes.write(id, { ...record, state: 'ready' });
  return id;
}

/** Volumes as files in the pool, and the leases by which the appliance opens them. */
export class Volumes implements VolumeControl<QemuPlacement> {
  private readonly held = new Set<() => Promise<void>>();

  constructor(private readonly pool: Pool) {}

  create(
    spec: VolumeSpec<QemuPlacement>,
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeRef> {
    return guarded(options, async () => {
      const { key } = options;
      const id = idOf('volume', key);
      if ((await this.pool.volumes.read(id))?.state === 'ready') return id;
      const { sizeBytes, name } = spec;
      if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % SECTOR_BYTES !== 0)
        throw new MigrationError('disk.size-invalid', `A volume of ${sizeBytes} bytes cannot be made.`);
      const parsed = placementSchema.safeParse(spec.placement);
      if (!parsed.success)
        throw new MigrationError('request.invalid', `The placement: ${parsed.error.message}`);
      const { format } = parsed.data;
      const draft = { key, name, sizeBytes, format, file: `${id}.${format}` };
      try {
        return await makeVolume(this.pool, id, draft, (record) => makeImage(this.pool, record, options));
      } catch (error) {
        // nothing of it exists yet: without its record it never was
        await this.pool.volumes.remove(id);
        throw error;
      }
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: VolumeRef; readonly complete: boolean } | undefined> {
    return this.findBy(idOf('volume', key), options);
  }

  /** As `find`, for volumes whose id is known. */
  findBy(
    id: VolumeRef,
    options: CallOptions,
  ): Promise<{ readonly ref: VolumeRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const record = await this.pool.volumes.read(id);
      return record && { ref: id, complete: record.state === 'ready' };
    });
  }

  remove(ref: VolumeRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const record = await this.pool.volumes.read(ref);
      if (!record) return;
      await this.pool.mustNotBeOpen(ref);
      await this.pool.mustNotBeAttached(ref);
      await this.pool.volumes.write(ref, { ...record, state: 'removing' });
      for (const path of [this.pool.volumePath(record), this.pool.leasePath(ref)])
        await rm(path, { force: true });
      await this.pool.volumes.remove(ref);
      if (record.backing !== undefined) await removeUnusedSnapshotFiles(this.pool);
    });
  }

  open(ref: VolumeRef, options: CallOptions): Promise<Lease<VolumeDevice>> {
    return guarded(options, async () => {
      const record = await this.pool.volume(ref);
      const path = this.pool.volumePath(record);
      await mustExist(path, ref);
      const giveBack = await takeLease(this.pool.leasePath(ref));
      try {
        // after the lease: a machine that is being made looks for leases after it has written its record
        await this.pool.mustNotBeAttached(ref);
        throwIfAborted(options.signal);
      } catch (error) {
        await giveBack();
        throw error;
      }
      this.held.add(giveBack);
      const value = {
        path,
        format: record.format,
        kind: 'file',
        sizeBytes: record.sizeBytes,
        serial: ref,
      } as const;
      return {
        value,
        [Symbol.asyncDispose]: async () => {
          if (this.held.delete(giveBack)) await giveBack();
        },
      };
    });
  }

  /** Gives back every lease of this session. */
  async closeAll(): Promise<void> {
    const held = [...this.held];
    this.held.clear();
    for (const giveBack of held) await giveBack();
  }
}

async function mustExist(path: string, ref: VolumeRef): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new MigrationError('resource.not-found', `The file of the volume ${ref} is gone.`);
  }
}
