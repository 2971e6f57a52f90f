import { MigrationError, asMigrationError } from '@ossea/errors';
import type { CallOptions, Lease, TargetSession, VolumeDevice } from '@ossea/plugin-sdk';
import { In, Not, type DataSource } from 'typeorm';
import { NbdExport } from './nbd-export.entity.js';
import type { TargetSessions } from './volumes-ports.js';
import { Volume } from './volume.entity.js';

/**
 * Which volumes are attached to this appliance. The row says what shall be; the leases of the target say what is.
 * Only `attach` attaches: nothing else may take a volume away from a machine.
 */
export class VolumeAttachments {
  private readonly leases = new Map<string, Lease<VolumeDevice>>();
  /** Volumes that are away for a snapshot: they come back by themselves, and nobody else may attach them meanwhile. */
  private readonly parked = new Set<string>();

  constructor(
    private readonly database: DataSource,
    private readonly sessions: TargetSessions,
  ) {}

  /** The session that a volume belongs to. */
  session(volume: Volume, options: CallOptions): Promise<TargetSession> {
    return this.sessions.open(volume.targetConnectionId, options);
  }

  /** The volumes of a context, in the order of their disk keys. */
  volumesOf(contextId: string): Promise<Volume[]> {
    return this.database.getRepository(Volume).find({ where: { contextId }, order: { diskKey: 'ASC' } });
  }

  /**
   * Attaches every volume of the context, or none; attached ones stay as they are, and so do those that are away for
   * a snapshot: a cycle that writes deltas goes on without them.
   * Throws `volume.no-slot` where the appliance cannot hold as many, `volume.in-use` while one is attached elsewhere,
   * `disk.size-mismatch` for a device that is too small, `disk.identity-changed` for one that is not the one that was
   * attached before.
   */
  async attach(contextId: string, options: CallOptions): Promise<void> {
    const missing = (await this.volumesOf(contextId)).filter(
      ({ id }) => !this.leases.has(id) && !this.parked.has(id),
    );
    await this.mustHaveSlots(missing, options);
    const attached: Volume[] = [];
    for (const volume of missing) {
      try {
        await this.open(volume, options);
      } catch (error) {
        // the others would hold slots that another machine can use
        if (asMigrationError(error).code === 'volume.no-slot')
          for (const one of attached) await this.close(one, options);
        throw error;
      }
      attached.push(volume);
    }
  }

  /** Platforms have few slots, and find it out only when the last one is taken: half a machine would be attached. */
  private async mustHaveSlots(missing: readonly Volume[], options: CallOptions): Promise<void> {
    const [first] = missing;
    if (!first) return;
    const { targetConnectionId } = first;
    const session = await this.session(first, options);
    const { attachedVolumes: slots } = await session.limits(options);
    const attached = await this.database
      .getRepository(Volume)
      .countBy({ targetConnectionId, state: 'attached', id: Not(In(missing.map(({ id }) => id))) });
    if (attached + missing.length <= slots) return;
    throw new MigrationError(
      'volume.no-slot',
      `${missing.length} more volumes are needed; ${attached} of ${slots} slots are taken.`,
      { context: { slots, attached, needed: missing.length } },
    );
  }

  /**
   * Detaches every volume of the context.
   * Throws `request.conflict` while one is exported: the export goes first.
   */
  async detach(contextId: string, options: CallOptions): Promise<void> {
    const exports = await this.database.getRepository(NbdExport).countBy({ contextId, what: 'volume' });
    if (exports > 0)
      throw new MigrationError('request.conflict', 'A volume is exported; close the exports first.', {
        context: { contextId },
      });
    for (const volume of await this.volumesOf(contextId)) await this.close(volume, options);
  }

  /**
   * The device of a volume that is attached to this appliance.
   * After a restart, or when somebody else has let go of it, the lease is taken again: the target refuses while it
   * is attached elsewhere. Throws `volume.in-use` when the volume is not ours at present.
   */
  async device(volume: Volume, options: CallOptions): Promise<VolumeDevice> {
    if (volume.state === 'detached' || this.parked.has(volume.id))
      throw new MigrationError(
        'volume.in-use',
        `The volume of disk "${volume.diskKey}" is ${volume.state}.`,
        {
          context: { volumeId: volume.id, state: volume.state },
        },
      );
    return this.leases.get(volume.id)?.value ?? this.open(volume, options);
  }

  /** Runs `body` while the volume is attached to nothing, for snapshots that need it so; attaches it again after. */
  async whileDetached<T>(volume: Volume, options: CallOptions, body: () => Promise<T>): Promise<T> {
    if (volume.state !== 'attached') return body();
    this.parked.add(volume.id);
    try {
      await this.dispose(volume, options);
      return await body();
    } finally {
      // Parked until it is back: a cycle that attached it at this moment, too, would take it for somebody else's.
      // Its row still says `attached`: if this fails, it is attached when it is needed, or at the next start.
      await this.open(volume, options).finally(() => this.parked.delete(volume.id));
    }
  }

  private async open(volume: Volume, options: CallOptions): Promise<VolumeDevice> {
    const held = this.leases.get(volume.id);
    if (held) return held.value;
    const lease = await this.take(volume, options);
    try {
      this.check(volume, lease.value);
    } catch (error) {
      await lease[Symbol.asyncDispose]();
      throw error;
    }
    this.leases.set(volume.id, lease);
    const { path, kind, format, sizeBytes, serial } = lease.value;
    await this.update(volume, {
      state: 'attached',
      devicePath: path,
      deviceKind: kind,
      format,
      volumeSizeBytes: sizeBytes,
      serial: serial ?? null,
    });
    return lease.value;
  }

  private async take(volume: Volume, options: CallOptions): Promise<Lease<VolumeDevice>> {
    if (volume.ref === null)
      throw new MigrationError(
        'resource.not-found',
        `The volume of disk "${volume.diskKey}" was never created.`,
      );
    const session = await this.session(volume, options);
    try {
      return await session.volumes.open(volume.ref, options);
    } catch (thrown) {
      const error = asMigrationError(thrown, 'storage.io-failed');
      if (error.code === 'volume.in-use') await this.update(volume, { state: 'attached-elsewhere' });
      throw error;
    }
  }

  /** The right disk, or none: names and letters prove nothing, size and serial do. */
  private check(volume: Volume, device: VolumeDevice): void {
    const context = { volumeId: volume.id, disk: volume.diskKey };
    if (device.sizeBytes < volume.sizeBytes)
      throw new MigrationError(
        'disk.size-mismatch',
        `The volume has ${device.sizeBytes} bytes, the disk has ${volume.sizeBytes} bytes.`,
        { context },
      );
    if (volume.serial !== null && device.serial !== undefined && volume.serial !== device.serial)
      throw new MigrationError(
        'disk.identity-changed',
        'The attached device has another serial than before.',
        {
          context,
        },
      );
    for (const [other, { value }] of this.leases)
      if (other !== volume.id && value.path === device.path)
        throw new MigrationError('disk.identity-changed', 'Two volumes were attached as one device.', {
          context,
        });
  }

  /** Detaches one volume; nothing may export it. */
  async detachOne(volume: Volume, options: CallOptions): Promise<void> {
    await this.close(volume, options);
  }

  private async close(volume: Volume, options: CallOptions): Promise<void> {
    // A crash may have come between the target's detach and our note of it: only the target knows.
    if (this.leases.has(volume.id) || volume.state === 'attached') await this.dispose(volume, options);
    await this.update(volume, { state: 'detached', devicePath: null, deviceKind: null });
  }

  private async dispose(volume: Volume, options: CallOptions): Promise<void> {
    const lease = this.leases.get(volume.id) ?? (await this.take(volume, options));
    await lease[Symbol.asyncDispose]();
    this.leases.delete(volume.id);
  }

  private async update(volume: Volume, change: Partial<Volume>): Promise<void> {
    await this.database.getRepository(Volume).update({ id: volume.id }, { ...change, updatedAt: new Date() });
    Object.assign(volume, change);
  }
}
