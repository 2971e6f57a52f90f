import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asMigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { DataSource } from 'typeorm';
import type { DaemonSupervisor, SupervisorLog } from './daemon-supervisor.js';
import type { Deltas } from './deltas.js';
import type { Folds } from './folds.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { VolumesSettings } from './volumes-ports.js';
import { Volume } from './volume.entity.js';

export interface RecoveryReport {
  /** Volumes that shall be attached and could not be; tried again when they are needed. */
  readonly unattached: readonly string[];
  /** Contexts whose fold could not be finished yet. */
  readonly unfolded: readonly string[];
  /** Files of folded deltas that a crash had left. */
  readonly removed: readonly string[];
  /** Files in the spool that nobody knows: kept, for the operator to judge. */
  readonly orphans: readonly string[];
}

export interface BootRecoveryOptions {
  readonly database: DataSource;
  readonly settings: VolumesSettings;
  readonly attachments: VolumeAttachments;
  readonly deltas: Deltas;
  readonly folds: Folds;
  readonly daemons: DaemonSupervisor;
  readonly log: SupervisorLog;
}

/** Makes the world equal to the database again after a start: before any job goes on. */
export class BootRecovery {
  constructor(private readonly options: BootRecoveryOptions) {}

  /** Never fails because one volume or one target does. Deletes nothing that was not folded. */
  async recover(call: CallOptions): Promise<RecoveryReport> {
    const { settings, deltas, folds, daemons, log } = this.options;
    for (const directory of [settings.spoolDir, settings.stateDir, settings.runDir])
      await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.forgetReaders();
    const unattached = await this.attachAgain(call);
    await daemons.recover();
    const waiting = await folds.recover(call);
    for (const { contextId, error } of waiting)
      log.warn(`A fold of ${contextId} waits: ${asMigrationError(error).message}`);
    const { removed, orphans } = await deltas.sweep();
    for (const name of orphans) log.warn(`Nobody knows the file "${name}" in the spool; it is kept.`);
    return { unattached, unfolded: waiting.map(({ contextId }) => contextId), removed, orphans };
  }

  private async attachAgain(call: CallOptions): Promise<string[]> {
    const unattached: string[] = [];
    const rows = await this.options.database.getRepository(Volume).findBy({ state: 'attached' });
    for (const volume of rows) {
      try {
        await this.options.attachments.device(volume, call);
      } catch (error) {
        unattached.push(volume.id);
        this.options.log.warn(
          `The volume ${volume.id} cannot be attached: ${asMigrationError(error).message}`,
        );
      }
    }
    return unattached;
  }

  /** Readers die with their owner; their sockets do not. */
  private async forgetReaders(): Promise<void> {
    const { runDir } = this.options.settings;
    for (const name of await readdir(runDir))
      if (/^r-[0-9a-f]{10}(\.(sock|lock)|-[0-9a-f]{12}\.qmp)$/.test(name))
        await rm(join(runDir, name), { force: true });
  }
}
