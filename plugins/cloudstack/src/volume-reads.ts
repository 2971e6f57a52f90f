import { MigrationError } from '@ossea/errors';
import { z, type CallOptions } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { volumeSchema, type Volume } from './client/index.js';
import { readOne } from './read-one.js';

/** A volume in one of these is gone, or on its way out. */
const GONE: ReadonlySet<string> = new Set(['Expunging', 'Expunged', 'Destroy', 'Destroying']);
const PENDING = 0;

export function isGone(volume: Volume): boolean {
  return GONE.has(volume.state);
}

/** The volume as it is now; undefined where there is none. Volumes of other accounts are none. */
export async function readVolume(
  cloud: Cloud,
  id: string,
  options: CallOptions,
): Promise<Volume | undefined> {
  const volume = await readOne(cloud, 'listVolumes', id, volumeSchema, options);
  return volume && !isGone(volume) ? volume : undefined;
}

/**
 * The volume once no job of CloudStack works on it any more, one of an earlier life of this appliance included: what
 * looks detached may be attached again, or the other way round, until the job has ended (apache/cloudstack#14214).
 */
export async function settledVolume(
  cloud: Cloud,
  id: string,
  options: CallOptions,
): Promise<Volume | undefined> {
  const volume = await readVolume(cloud, id, options);
  if (volume?.jobid === undefined || volume.jobstatus !== PENDING) return volume;
  // how it ended is seen at the volume
  await cloud.client
    .waitForJob(volume.jobid, z.unknown(), options)
    .catch(() => options.signal.throwIfAborted());
  return readVolume(cloud, id, options);
}

/** Throws `resource.not-found`. */
export async function mustHaveVolume(cloud: Cloud, id: string, options: CallOptions): Promise<Volume> {
  const volume = await settledVolume(cloud, id, options);
  if (volume) return volume;
  throw new MigrationError('resource.not-found', `There is no volume "${id.slice(0, 80)}" in this account.`);
}

/** The volumes that are attached to a machine. */
export async function volumesOfMachine(
  { client }: Cloud,
  virtualmachineid: string,
  options: CallOptions,
): Promise<Volume[]> {
  return client.list('listVolumes', { virtualmachineid, listall: true }, volumeSchema, options);
}

export function inUse(volume: Volume): MigrationError {
  return new MigrationError(
    'volume.in-use',
    `The volume "${volume.name}" is attached to ${volume.vmdisplayname ?? volume.vmname ?? 'a machine'}.`,
    {
      context: {
        volume: volume.id,
        ...(volume.virtualmachineid ? { machine: volume.virtualmachineid } : {}),
      },
    },
  );
}
