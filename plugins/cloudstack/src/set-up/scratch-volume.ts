import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ERRORS, MigrationError, throwIfAborted, withDeadline } from '@ossea/errors';
import type { CallOptions, Logger } from '@ossea/plugin-sdk';
import type { CloudstackClient } from '../client/index.js';
import { Devices } from '../devices.js';
import { faultToError } from '../fault-to-error.js';
import { GIB } from '../gib.js';
import type { Credentials, Selection } from '../settings.js';
import { fail, pass, type Outcome } from './checks/check.js';
import { TRIAL_SIZE_GIB, TrialVolume } from './trial-volume.js';

/** Whoever finds one may remove it: nothing of anybody's is on it. */
export const SCRATCH_PREFIX = 'ossea-set-up-trial-';
const PATTERN_BYTES = 64 * 1024;
/** The guest may still be letting go: asked sooner, CloudStack refuses (apache/cloudstack#6508). */
const DETACH_AGAIN_MS = 30_000;
/** What the clean-up of a trial that was ended may take. */
const CLEAN_UP_MS = 5 * 60_000;
const NOBODYS = new AbortController().signal;

export interface ScratchTrial {
  readonly client: CloudstackClient;
  readonly credentials: Pick<Credentials, 'hostPaths'>;
  readonly selection: Pick<Selection, 'zoneId' | 'applianceVmId' | 'diskOfferingId'>;
  /** How many data disks the appliance may have. */
  readonly dataDisks: number;
  readonly log: Logger;
  /** Milliseconds before a volume that did not detach is asked for again; 30 000 unless told. */
  readonly detachAgainMs?: number;
}

/** What is tried, in order: what is said where it fails, and what to do then. */
const STEPS = {
  create: {
    failed: 'The volume could not be made.',
    remedy: 'Look whether the account may make a volume from the disk offering in this zone.',
  },
  attach: {
    failed: 'The volume could not be attached to the appliance.',
    remedy: 'Attach a volume to the appliance by hand in CloudStack: it has to be possible.',
  },
  find: {
    failed: 'The attached volume was not found in this appliance.',
    remedy:
      'Make sure that the chosen machine is this one, and that its guest sees disks that are added while it runs (BIOS with virtio, or virtio-scsi).',
  },
  write: {
    failed: 'The volume could not be written and read back.',
    remedy: 'Look at the storage that the disk offering leads to, and at the kernel log of this appliance.',
  },
  detach: {
    failed: 'The volume could not be detached.',
    remedy: 'Detach the volume by hand in CloudStack, and look why the guest did not let it go.',
  },
  delete: { failed: 'The volume could not be deleted.', remedy: 'Delete the volume by hand in CloudStack.' },
} as const;
type Step = keyof typeof STEPS;

class StepFailed {
  constructor(
    readonly step: Step,
    readonly error: MigrationError,
  ) {}
}

/**
 * Does with a volume of 1 GiB what a replication does with each disk: it is made, attached to the appliance at an
 * explicit place, found by its serial, written, read back, detached and deleted. Whatever happens, it is removed; what
 * cannot be removed is told. Throws `call.aborted`, after the clean-up.
 */
export async function tryScratchVolume(trial: ScratchTrial, options: CallOptions): Promise<Outcome> {
  const { client, selection, detachAgainMs = DETACH_AGAIN_MS } = trial;
  const name = `${SCRATCH_PREFIX}${randomBytes(6).toString('hex')}`;
  const volume = new TrialVolume(client, selection, name, detachAgainMs);
  try {
    return pass(await useVolume(volume, trial, options));
  } catch (failed) {
    // not the caller's signal: what was made is removed also where nobody wants the trial any more
    const remains = await withDeadline(NOBODYS, CLEAN_UP_MS, (limited) => volume.cleanUp(limited)).then(
      () => undefined,
      (fault: unknown) => faultToError(fault).message,
    );
    if (remains !== undefined) trial.log.warn('A trial volume remains.', { volume: name, because: remains });
    throwIfAborted(options.signal);
    if (!(failed instanceof StepFailed)) throw failed;
    return told(failed, name, remains);
  }
}

/** @returns what was done, in one sentence. Throws `StepFailed`. */
async function useVolume(volume: TrialVolume, trial: ScratchTrial, options: CallOptions): Promise<string> {
  const begun = Date.now();
  const step = async <T>(name: Step, body: () => Promise<T>): Promise<T> => {
    try {
      throwIfAborted(options.signal);
      return await body();
    } catch (fault) {
      throw new StepFailed(name, faultToError(fault));
    }
  };
  const { id } = await step('create', () => volume.create(options));
  const attached = await step('attach', () => volume.attach(id, trial.dataDisks, options));
  const device = await step('find', () => {
    // it is written to: no device of another size is taken, whatever the answer has left out
    const { size = TRIAL_SIZE_GIB * GIB } = attached;
    return new Devices(trial.credentials.hostPaths).find({ ...attached, size }, options);
  });
  await step('write', () => writeAndReadBack(device.path, device.sizeBytes));
  await step('detach', () => volume.detach(id, options));
  await step('delete', () => volume.delete(id, options));
  const seconds = Math.round((Date.now() - begun) / 1000);
  return `A volume of ${TRIAL_SIZE_GIB} GiB was made, attached as device ${attached.deviceid}, found as ${device.path}, written, read back, detached and deleted within ${seconds} s.`;
}

function told({ step, error }: StepFailed, name: string, remains: string | undefined): Outcome {
  const { failed, remedy } = STEPS[step];
  return remains === undefined
    ? fail(
        `${failed} ${error.message} Nothing of it is left.`,
        `${remedy} ${ERRORS[error.code].remedy}`,
        error.code,
      )
    : fail(
        `${failed} ${error.message} The volume "${name}" remains: ${remains}`,
        `${remedy} Then remove the volume "${name}" in CloudStack.`,
        error.code,
      );
}

/** At the beginning and at the end, on the medium; that the bytes come from there again cannot be told from here. */
async function writeAndReadBack(path: string, sizeBytes: number): Promise<void> {
  const places = [0, sizeBytes - PATTERN_BYTES];
  const pattern = randomBytes(PATTERN_BYTES);
  const writing = await open(path, 'r+');
  try {
    for (const place of places) await writing.write(pattern, 0, PATTERN_BYTES, place);
    await writing.sync();
  } finally {
    await writing.close();
  }
  const reading = await open(path, 'r');
  try {
    for (const place of places) {
      const { buffer } = await reading.read(Buffer.alloc(PATTERN_BYTES), 0, PATTERN_BYTES, place);
      if (!buffer.equals(pattern))
        throw new MigrationError(
          'disk.corrupt',
          `Other bytes than were written came back at offset ${place}.`,
        );
    }
  } finally {
    await reading.close();
  }
}
