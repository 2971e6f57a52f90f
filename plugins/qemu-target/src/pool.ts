import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { z, type MachineRef, type PluginContext, type VolumeRef } from '@ossea/plugin-sdk';
import { idPattern, notFound } from './identity.js';
import { RecordStore } from './record-store.js';
import { isLeased } from './volume-lease.js';

const format = z.enum(['raw', 'qcow2']);
const fileName = z.string().regex(/^[a-z0-9.-]+$/);

/**
 * A volume. `making` is written before the file exists and `removing` before it goes, so whatever a crash leaves
 * can be told from what is whole.
 */
const volumeRecord = z.strictObject({
  version: z.literal(1),
  key: z.string(),
  name: z.string(),
  sizeBytes: z.number().int().positive(),
  format,
  file: fileName,
  state: z.enum(['making', 'ready', 'removing']),
  /** The snapshot's file this volume reads through to; it must stay as long as the volume. */
  backing: fileName.optional(),
});
export type VolumeRecord = z.infer<typeof volumeRecord>;

const snapshotRecord = z.strictObject({
  version: z.literal(1),
  key: z.string(),
  volume: z.string(),
  sizeBytes: z.number().int().positive(),
  format,
  file: fileName,
  state: z.enum(['making', 'ready', 'removing']),
  /** The file the snapshotted volume read through to, where it was made from a snapshot itself. */
  backing: fileName.optional(),
});
export type SnapshotRecord = z.infer<typeof snapshotRecord>;

const networkRecord = z.strictObject({ version: z.literal(1), key: z.string(), name: z.string() });
export type NetworkRecord = z.infer<typeof networkRecord>;

/** A machine; its definition lies in the machines directory, this tells whose it is and what is attached to it. */
const machineRecord = z.strictObject({
  version: z.literal(1),
  key: z.string(),
  name: z.string(),
  volumes: z.array(z.string()),
  state: z.enum(['making', 'ready', 'removing']),
});
export type MachineRecord = z.infer<typeof machineRecord>;

/** A pool directory: volumes, snapshots, networks and what is known of machines, a record each. */
export class Pool {
  private constructor(
    readonly directory: string,
    readonly context: PluginContext,
    readonly volumes: RecordStore<VolumeRecord>,
    readonly snapshots: RecordStore<SnapshotRecord>,
    readonly networks: RecordStore<NetworkRecord>,
    readonly machines: RecordStore<MachineRecord>,
  ) {}

  static async open(directory: string, context: PluginContext): Promise<Pool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Pool(
      directory,
      context,
      await RecordStore.open(join(directory, 'volumes'), volumeRecord, idPattern('volume')),
      await RecordStore.open(join(directory, 'snapshots'), snapshotRecord, idPattern('snapshot')),
      await RecordStore.open(join(directory, 'networks'), networkRecord, idPattern('network')),
      await RecordStore.open(join(directory, 'machines'), machineRecord, idPattern('machine')),
    );
  }

  /** Throws `resource.not-found` for a volume that is not there, or not whole. */
  async volume(ref: VolumeRef): Promise<VolumeRecord> {
    const record = await this.volumes.read(ref);
    if (record?.state !== 'ready') throw notFound('volume', ref);
    return record;
  }

  /** The absolute path of a volume's file. */
  volumePath(record: VolumeRecord): string {
    return this.volumes.fileIn(record.file);
  }

  leasePath(ref: VolumeRef): string {
    return this.volumes.fileIn(`${ref}.lease`);
  }

  /** Throws `volume.in-use` while the appliance has the volume open. */
  async mustNotBeOpen(ref: VolumeRef): Promise<void> {
    if (await isLeased(this.leasePath(ref)))
      throw new MigrationError('volume.in-use', `The volume ${ref} is open on the appliance.`);
  }

  /** Throws `volume.in-use` while a machine has the volume, running or not. */
  async mustNotBeAttached(ref: VolumeRef, except?: MachineRef): Promise<void> {
    for (const [id, machine] of await this.machines.list()) {
      if (id === except || !machine.volumes.includes(ref)) continue;
      throw new MigrationError(
        'volume.in-use',
        `The volume ${ref} is attached to the machine ${machine.name}.`,
      );
    }
  }
}
