import { setTimeout as later } from 'node:timers/promises';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import { z, type CallOptions } from '@ossea/plugin-sdk';
import {
  successSchema,
  volumeSchema,
  type CloudstackClient,
  type Params,
  type StartedJob,
  type Volume,
} from '../client/index.js';
import { freeDeviceId } from '../device-ids.js';
import { isNotFound } from '../fault-to-error.js';
import type { Selection } from '../settings.js';

export const TRIAL_SIZE_GIB = 1;
const TRIES = 3;

/** A volume that is made to be thrown away, known by its name alone until it has an id. */
export class TrialVolume {
  /** The job that may not be final yet. */
  private jobId: string | undefined;

  constructor(
    private readonly client: CloudstackClient,
    private readonly selection: Pick<Selection, 'zoneId' | 'applianceVmId' | 'diskOfferingId'>,
    readonly name: string,
    /** Milliseconds before a volume that did not detach is asked for again. */
    private readonly detachAgainMs: number,
  ) {}

  create(options: CallOptions): Promise<Volume> {
    const { diskOfferingId: diskofferingid, zoneId: zoneid } = this.selection;
    const params = { name: this.name, size: TRIAL_SIZE_GIB, diskofferingid, zoneid };
    return this.job('createVolume', params, options);
  }

  /**
   * Attaches it to the appliance at the lowest free place, told explicitly; at another one where a replication has taken
   * that meanwhile.
   * @param dataDisks how many data disks the appliance may have.
   */
  async attach(id: string, dataDisks: number, options: CallOptions): Promise<Volume> {
    const virtualmachineid = this.selection.applianceVmId;
    for (let tries = 1; ; tries += 1) {
      const deviceid = freeDeviceId(await this.usedPlaces(options), dataDisks);
      if (deviceid === undefined)
        throw new MigrationError('volume.no-slot', `All ${dataDisks} places of the appliance are taken.`);
      try {
        return await this.job('attachVolume', { id, virtualmachineid, deviceid }, options);
      } catch (fault) {
        throwIfAborted(options.signal);
        if (tries === TRIES || !(await this.usedPlaces(options)).includes(deviceid)) throw fault;
      }
    }
  }

  /** Until the volume itself says so; one that is detached already is no error. */
  async detach(id: string, options: CallOptions): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.job('detachVolume', { id }, options);
        return;
      } catch (fault) {
        throwIfAborted(options.signal);
        const [volume] = await this.volumes({ id }, options);
        if (volume?.virtualmachineid === undefined) return;
        if (tries === TRIES) throw fault;
        await later(this.detachAgainMs, undefined, { signal: options.signal }).catch(() => undefined);
      }
    }
  }

  async delete(id: string, options: CallOptions): Promise<void> {
    try {
      await this.client.write('deleteVolume', { id }, successSchema, options);
    } catch (fault) {
      throwIfAborted(options.signal);
      if ((await this.volumes({ id }, options)).length > 0) throw fault;
    }
  }

  /** Removes all that has the name: it is known also where no answer has told an id. */
  async cleanUp(options: CallOptions): Promise<void> {
    // a job that was left running would attach the volume after it was looked at
    if (this.jobId !== undefined)
      await this.client.waitForJob(this.jobId, z.unknown(), options).catch(() => undefined);
    for (const { id, name, virtualmachineid } of await this.volumes({ name: this.name }, options)) {
      // the filter may find parts of names too, as that of machines does
      if (name !== this.name) continue;
      if (virtualmachineid !== undefined) await this.detach(id, options);
      await this.delete(id, options);
    }
  }

  private async job(command: string, params: Params, { signal }: CallOptions): Promise<Volume> {
    const onStarted = ({ jobId }: StartedJob) => (this.jobId = jobId);
    const volume = await this.client.job(command, params, volumeSchema, { signal, onStarted });
    this.jobId = undefined;
    return volume;
  }

  private async usedPlaces(options: CallOptions): Promise<number[]> {
    const params = { virtualmachineid: this.selection.applianceVmId, listall: true };
    const volumes = await this.client.list('listVolumes', params, volumeSchema, options);
    return volumes.map(({ deviceid }) => deviceid ?? 0);
  }

  /** Those that are there; a removed one is still listed for a while as destroyed or expunged. */
  private async volumes(filter: Params, options: CallOptions): Promise<Volume[]> {
    try {
      const volumes = await this.client.list('listVolumes', filter, volumeSchema, options);
      return volumes.filter(({ state }) => !GOING.has(state));
    } catch (fault) {
      if (isNotFound(fault)) return [];
      throw fault;
    }
  }
}

const GOING: ReadonlySet<string> = new Set(['Destroy', 'Destroying', 'Expunging', 'Expunged']);
