import { setTimeout as delay } from 'node:timers/promises';
import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { volumeSchema, type Volume } from './client/index.js';
import { freeDeviceId } from './device-ids.js';
import { inUse, mustHaveVolume, settledVolume, volumesOfMachine } from './volume-reads.js';

const TRIES = 3;
/** The guest may still be letting go: a second try comes too early before (apache/cloudstack#6508). */
const DETACH_AGAIN_MS = 30_000;

/** Attaches volumes to machines and detaches them: after each job the volume itself tells what is true. */
export class Attachments {
  constructor(
    private readonly cloud: Cloud,
    private readonly detachAgainMs = DETACH_AGAIN_MS,
  ) {}

  /**
   * Attaches a volume to the appliance, at the lowest free place.
   * Throws `resource.not-found`, `volume.in-use`, `volume.no-slot`, and what CloudStack refuses.
   * @param dataVolumes how many data disks the appliance may have.
   */
  attachToAppliance(id: string, dataVolumes: number, options: CallOptions): Promise<Volume> {
    const machine = this.cloud.settings.applianceVmId;
    // two at once would choose the same place
    return this.cloud.turns.take(`attach ${machine}`, async () => {
      for (let tries = 1; ; tries += 1) {
        const used = (await volumesOfMachine(this.cloud, machine, options)).map(({ deviceid }) =>
          Number(deviceid),
        );
        const deviceid = freeDeviceId(used, dataVolumes);
        if (deviceid === undefined)
          throw new MigrationError('volume.no-slot', `All ${dataVolumes} slots of the appliance are taken.`);
        try {
          return await this.attach(id, machine, deviceid, options);
        } catch (error) {
          const present = (await volumesOfMachine(this.cloud, machine, options)).some(
            (volume) => Number(volume.deviceid) === deviceid && volume.id !== id,
          );
          // somebody else took the place between the look and the call
          if (!present || tries === TRIES) throw error;
        }
      }
    });
  }

  /**
   * Attaches a volume at a place. Attached there already is success.
   * Throws `resource.not-found`, `volume.in-use`, and what CloudStack refuses.
   */
  async attach(id: string, machine: string, deviceid: number, options: CallOptions): Promise<Volume> {
    const { client } = this.cloud;
    const before = await mustHaveVolume(this.cloud, id, options);
    if (before.virtualmachineid !== undefined && before.virtualmachineid !== machine) throw inUse(before);
    if (before.virtualmachineid === machine) return before;
    let fault: unknown;
    try {
      await client.job('attachVolume', { id, virtualmachineid: machine, deviceid }, volumeSchema, options);
    } catch (error) {
      options.signal.throwIfAborted();
      fault = error;
    }
    const after = await mustHaveVolume(this.cloud, id, options);
    if (after.virtualmachineid === machine) return after;
    if (after.virtualmachineid !== undefined) throw inUse(after);
    throw fault ?? new MigrationError('peer.fault', `The volume "${id}" is not attached after the job.`);
  }

  /**
   * Detaches a volume from a machine and comes back when it is detached, the job final. Not attached there is success.
   * Throws what CloudStack says when it stays attached.
   */
  async detach(id: string, machine: string, options: CallOptions): Promise<void> {
    const { client, context } = this.cloud;
    for (let tries = 1; ; tries += 1) {
      const before = await settledVolume(this.cloud, id, options);
      if (before?.virtualmachineid !== machine) return;
      let fault: unknown;
      try {
        await client.job('detachVolume', { id }, volumeSchema, options);
      } catch (error) {
        options.signal.throwIfAborted();
        fault = error;
      }
      const after = await settledVolume(this.cloud, id, options);
      if (after?.virtualmachineid !== machine) return;
      if (tries === TRIES)
        throw (
          fault ?? new MigrationError('volume.in-use', `The volume "${id}" is still attached after the job.`)
        );
      // the unplug may finish by itself; asked again then, CloudStack only corrects its records
      context.log.warn('A volume did not detach; it is asked for again.', { volume: id, tries });
      await delay(this.detachAgainMs, undefined, { signal: options.signal });
    }
  }
}
