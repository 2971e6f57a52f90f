import { readdir } from 'node:fs/promises';
import { In, IsNull, type DataSource } from 'typeorm';
import type { DaemonSupervisor } from './daemon-supervisor.js';
import { Delta } from './delta.entity.js';
import { DiskLease } from './disk-lease.entity.js';
import { isMissing } from './durable-files.js';
import { NbdExport } from './nbd-export.entity.js';
import type { ReadChains } from './read-chains.js';
import { VolumeHold } from './volume-hold.entity.js';
import { VolumeSnapshot } from './volume-snapshot.entity.js';
import type { VolumesSettings } from './volumes-ports.js';

/** Everything of ours that exists now and that somebody must give back one day. */
export interface LeftBehind {
  readonly processes: readonly { readonly what: string; readonly pid: number }[];
  readonly sockets: readonly string[];
  readonly exports: readonly string[];
  readonly deltas: readonly { readonly id: string; readonly state: string }[];
  /** Files in the spool, known or not. */
  readonly files: readonly string[];
  readonly leases: readonly { readonly volumeId: string; readonly epoch: number }[];
  readonly holds: readonly { readonly contextId: string; readonly runId: string }[];
  readonly snapshots: readonly { readonly id: string; readonly ref: string | undefined }[];
}

export async function listLeftBehind(
  database: DataSource,
  settings: Pick<VolumesSettings, 'runDir' | 'spoolDir'>,
  { daemons, chains }: { readonly daemons: DaemonSupervisor; readonly chains: ReadChains },
): Promise<LeftBehind> {
  const deltas = await database
    .getRepository(Delta)
    .find({ where: [{ state: In(['receiving', 'sealed', 'folding']) }, { kept: true }] });
  const leases = await database.getRepository(DiskLease).findBy({ releasedAt: IsNull() });
  const snapshots = await database.getRepository(VolumeSnapshot).find();
  return {
    processes: [
      ...daemons.processes().map(({ vmaId, pid }) => ({ what: `storage daemon of ${vmaId}`, pid })),
      ...chains.processes().map(({ name, pid }) => ({ what: `reader ${name}`, pid })),
    ],
    sockets: (await namesIn(settings.runDir)).filter((name) => /\.(sock|qmp)$/.test(name)),
    exports: (await database.getRepository(NbdExport).find()).map(({ name }) => name),
    deltas: deltas.map(({ id, state }) => ({ id, state })),
    files: await namesIn(settings.spoolDir),
    leases: leases.map(({ volumeId, epoch }) => ({ volumeId, epoch })),
    holds: (await database.getRepository(VolumeHold).find()).map(({ contextId, runId }) => ({
      contextId,
      runId,
    })),
    snapshots: snapshots.map(({ id, ref }) => ({ id, ref: ref ?? undefined })),
  };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
