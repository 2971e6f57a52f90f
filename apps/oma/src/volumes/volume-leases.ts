import { MigrationError } from '@ossea/errors';
import { IsNull, LessThan, type DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import { DiskLease } from './disk-lease.entity.js';
import { Volume } from './volume.entity.js';

export interface LeaseGrant {
  readonly volumeId: string;
  readonly epoch: number;
  readonly mode: 'read' | 'write';
  readonly holder: string;
}

/** The rights to read and write disks. Image locks do not keep a second writer away; these do. */
export class VolumeLeases {
  constructor(private readonly database: DataSource) {}

  /**
   * Grants a new epoch, which fences every older one at once. A holder that has the newest lease already gets the same again.
   * Throws `volume.lease-lost` when another grant was faster: two owners raced, and this one lost.
   */
  async grant(volumeId: string, mode: 'read' | 'write', holder: string): Promise<LeaseGrant> {
    return this.database.transaction(async (manager) => {
      const volume = await manager.getRepository(Volume).findOneBy({ id: volumeId });
      if (!volume) throw new MigrationError('request.not-found', `There is no volume "${volumeId}".`);
      const leases = manager.getRepository(DiskLease);
      const now = new Date();
      const newest = await leases.findOneBy({ volumeId, epoch: volume.leaseEpoch });
      if (newest && newest.holder === holder && newest.mode === mode && newest.releasedAt === null) {
        await leases.update({ id: newest.id }, { renewedAt: now });
        return { volumeId, epoch: newest.epoch, mode, holder };
      }
      const epoch = volume.leaseEpoch + 1;
      const changed = await manager
        .getRepository(Volume)
        .update({ id: volumeId, leaseEpoch: volume.leaseEpoch }, { leaseEpoch: epoch, updatedAt: now });
      if (changed.affected !== 1) throw lost(volumeId, epoch);
      await leases.update({ volumeId, epoch: LessThan(epoch), releasedAt: IsNull() }, { releasedAt: now });
      await leases.insert({
        id: newId('lea'),
        volumeId,
        epoch,
        mode,
        holder,
        grantedAt: now,
        renewedAt: now,
        releasedAt: null,
      });
      return { volumeId, epoch, mode, holder };
    });
  }

  /** Says that the holder still lives. Throws `volume.lease-lost` when the epoch is not the newest any more. */
  async renew(volumeId: string, epoch: number): Promise<void> {
    await this.assertCurrent(volumeId, epoch);
    const renewed = await this.database
      .getRepository(DiskLease)
      .update({ volumeId, epoch, releasedAt: IsNull() }, { renewedAt: new Date() });
    if (renewed.affected !== 1) throw lost(volumeId, epoch);
  }

  /** Gives a lease back; one that is gone or fenced already is success. */
  async release(volumeId: string, epoch: number): Promise<void> {
    await this.database
      .getRepository(DiskLease)
      .update({ volumeId, epoch, releasedAt: IsNull() }, { releasedAt: new Date() });
  }

  /** Before any effect on the disk. Throws `volume.lease-lost` when a newer epoch was granted, or this one was released. */
  async assertCurrent(volumeId: string, epoch: number): Promise<void> {
    const volume = await this.database.getRepository(Volume).findOneBy({ id: volumeId });
    const lease = await this.database.getRepository(DiskLease).findOneBy({ volumeId, epoch });
    if (volume?.leaseEpoch !== epoch || !lease || lease.releasedAt !== null) throw lost(volumeId, epoch);
  }
}

function lost(volumeId: string, epoch: number): MigrationError {
  return new MigrationError('volume.lease-lost', `The lease ${epoch} on the volume is not the newest.`, {
    context: { volumeId, epoch },
  });
}
