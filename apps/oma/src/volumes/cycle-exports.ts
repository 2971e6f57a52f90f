import type { DiskExport } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, DiskDescription } from '@ossea/plugin-sdk';
import { Mutex } from 'async-mutex';
import type { DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import type { DaemonSupervisor } from './daemon-supervisor.js';
import type { Deltas } from './deltas.js';
import { syncFile } from './durable-files.js';
import { NbdExport } from './nbd-export.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { VolumeLeases } from './volume-leases.js';
import { Volume } from './volume.entity.js';

export interface CycleOpening {
  readonly context: string;
  readonly vmaId: string;
  /** Of the recovery point that the cycle will make. */
  readonly sequence: number;
  readonly disks: readonly DiskDescription[];
  /** `volume` only while no recovery point stands. */
  readonly destination: 'volume' | 'delta';
  /** What the cycle is expected to write into the spool, in bytes; nothing unless told. */
  readonly expectedBytes?: number;
}

export interface CycleExportsOptions {
  readonly database: DataSource;
  readonly attachments: VolumeAttachments;
  readonly leases: VolumeLeases;
  readonly deltas: Deltas;
  readonly daemons: DaemonSupervisor;
}

/** Opens what a cycle writes to, and closes it again: leases, deltas, exports. */
export class CycleExports {
  private readonly turns = new Map<string, Mutex>();

  constructor(private readonly options: CycleExportsOptions) {}

  /**
   * Write leases, deltas and exports for all disks of a context. Asked again for the same sequence, after a crash
   * too, it gives the same exports and deltas, so that a copy goes on from its journal.
   * Throws `storage.full`, `disk.size-mismatch`, `volume.in-use`, `volume.lease-lost`, `request.conflict`.
   */
  openForCycle(opening: CycleOpening, call: CallOptions): Promise<DiskExport[]> {
    return this.inTurn(opening.context, async () => {
      const { deltas, attachments } = this.options;
      const volumes = await this.volumesFor(opening);
      if (opening.destination === 'delta') await deltas.checkSpool(opening.expectedBytes ?? 0);
      const opened: DiskExport[] = [];
      for (const volume of volumes) {
        if (opening.destination === 'volume') {
          mustBeEmpty(volume);
          await attachments.device(volume, call);
        }
        opened.push(await this.open(volume, opening, call));
      }
      return opened;
    });
  }

  /**
   * Removes the exports of a context; what was written is durable when this comes back, and the leases are given back.
   * @param options.discard deletes what was received and not sealed.
   */
  closeExports(contextId: string, { discard }: { readonly discard: boolean }): Promise<void> {
    return this.inTurn(contextId, async () => {
      const { leases, attachments, deltas } = this.options;
      for (const row of await this.exports.findBy({ contextId })) await this.close(row);
      for (const volume of await attachments.volumesOf(contextId))
        await leases.release(volume.id, volume.leaseEpoch);
      if (discard) await deltas.discardReceiving(contextId);
    });
  }

  /** Removes one export, if it is there, and makes what was written through it durable. */
  async closeOne(contextId: string, volumeId: string): Promise<void> {
    await this.inTurn(contextId, async () => {
      const row = await this.exports.findOneBy({ contextId, volumeId });
      if (row) await this.close(row);
    });
  }

  private async open(volume: Volume, opening: CycleOpening, call: CallOptions): Promise<DiskExport> {
    const { leases, deltas, daemons } = this.options;
    const { vmaId, destination } = opening;
    let present = await this.exports.findOneBy({ volumeId: volume.id });
    const usable = destination === 'delta' ? await deltas.usable(volume, opening.sequence) : undefined;
    const reusable =
      present?.vmaId === vmaId && present.what === destination && present.deltaId === (usable?.id ?? null);
    // The old writer's export is gone before a new lease is granted: nothing it sends can arrive after.
    if (present && !reusable) {
      await this.close(present);
      present = null;
    }
    const { epoch } = await leases.grant(volume.id, 'write', `vma:${vmaId}`);
    if (present && present.epoch !== epoch) {
      await this.close(present);
      present = null;
    }
    const delta =
      destination === 'delta' ? (usable ?? (await deltas.begin(volume, opening.sequence, call))) : undefined;
    const row =
      present ??
      this.exports.create({
        id: newId('exp'),
        name: volume.exportName,
        volumeId: volume.id,
        contextId: volume.contextId,
        vmaId,
        what: destination,
        deltaId: delta?.id ?? null,
        epoch,
        writable: true,
        createdAt: new Date(),
      });
    await daemons.offer(row);
    return {
      disk: volume.diskKey,
      exportName: volume.exportName,
      sizeBytes: volume.sizeBytes,
      epoch,
      destination,
      ...(delta ? { delta: delta.id } : {}),
    };
  }

  private async close(row: NbdExport): Promise<void> {
    const { daemons, deltas, database } = this.options;
    await daemons.withdraw(row);
    const delta = row.deltaId === null ? null : await deltas.byId(row.deltaId);
    if (delta) await deltas.sync(delta);
    if (row.what === 'volume') {
      const { devicePath } = await database.getRepository(Volume).findOneByOrFail({ id: row.volumeId });
      if (devicePath !== null) await syncFile(devicePath);
    }
  }

  private async volumesFor({ context, disks }: CycleOpening): Promise<Volume[]> {
    const repository = this.options.database.getRepository(Volume);
    const volumes: Volume[] = [];
    for (const disk of disks) {
      const volume = await repository.findOneBy({ contextId: context, diskKey: disk.key });
      if (!volume || volume.ref === null)
        throw new MigrationError('resource.not-found', `The disk "${disk.key}" has no volume.`, {
          context: { disk: disk.key },
        });
      if (volume.volumeSizeBytes !== null && volume.volumeSizeBytes < disk.sizeBytes)
        throw new MigrationError(
          'disk.size-mismatch',
          `The volume has ${volume.volumeSizeBytes} bytes, the disk has ${disk.sizeBytes} bytes.`,
          { context: { disk: disk.key, volumeId: volume.id } },
        );
      if (volume.sizeBytes !== disk.sizeBytes) {
        volume.sizeBytes = disk.sizeBytes;
        await repository.update({ id: volume.id }, { sizeBytes: disk.sizeBytes, updatedAt: new Date() });
      }
      volumes.push(volume);
    }
    return volumes;
  }

  private inTurn<T>(contextId: string, body: () => Promise<T>): Promise<T> {
    const turn = this.turns.get(contextId) ?? new Mutex();
    this.turns.set(contextId, turn);
    return turn.runExclusive(body);
  }

  private get exports() {
    return this.options.database.getRepository(NbdExport);
  }
}

/** In-place writes tear what stands there: only a volume without a recovery point is written so. */
function mustBeEmpty(volume: Volume): void {
  if (volume.currentPoint === null && volume.foldState === 'idle') return;
  throw new MigrationError(
    'request.conflict',
    'The volume holds a recovery point; the cycle writes a delta.',
    {
      context: { volumeId: volume.id, currentPoint: volume.currentPoint ?? -1 },
    },
  );
}
