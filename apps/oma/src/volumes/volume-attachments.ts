import { MigrationError, asMigrationError } from '@ossea/errors';
import type { CallOptions, Lease, TargetSession, VolumeDevice } from '@ossea/plugin-sdk';
import type { DataSource } from 'typeorm';
import { NbdExport } from './nbd-export.entity.js';
import type { TargetSessions } from './volumes-ports.js';
import { Volume } from './volume.entity.js';

/**
 * Which volumes are attached to this appliance. The row says what shall be; the leases of the target say what is.
 * Only `attach` attaches: nothing else may take a volume away from a machine.
 */
export class VolumeAttachments {
  private readonly leases = new Map<string, Lease<VolumeDevice>>();

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
   * Attaches every volume of the context; attached ones stay as they are.
   * Throws `volume.in-use` while one is attached elsewhere, `disk.size-mismatch` for a device that is too small,
   * `disk.identity-changed` for a device that is not the one that was attached before.
   */
  async attach(contextId: string, options: CallOptions): Promise<void> {
    for (const volume of await this.volumesOf(contextId)) await this.open(volume, options);
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
    if (volume.state === 'detached')
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
    const wasAttached = volume.state === 'attached';
    if (wasAttached) await this.dispose(volume, options);
    try {
      return await body();
    } finally {
      if (wasAttached) await this.open(volume, options);
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
