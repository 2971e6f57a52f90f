import { MigrationError } from '@ossea/errors';
import type { BlueprintDisk, CallOptions } from '@ossea/plugin-sdk';
import type { Attachments } from './attachments.js';
import type { Cloud } from './cloud.js';
import { successSchema, type VirtualMachine } from './client/index.js';
import { ROOT_DEVICE_ID, deviceIdOf } from './device-ids.js';
import { stillHere, type Devices } from './devices.js';
import { DUMMY_ROOT_TAG, KEY_TAG, tag, tagOf } from './marks.js';
import type { VolumeBlocks } from './volume-blocks.js';
import { inUse, mustHaveVolume, readVolume, volumesOfMachine } from './volume-reads.js';

/** udev takes a link away a moment after the device. */
const DEVICE_GONE_MS = 1_000;

/** Puts the migrated disks in the place of the one that a machine is made with. */
export class MachineDisks {
  constructor(
    private readonly cloud: Cloud,
    private readonly attachments: Attachments,
    private readonly blocks: VolumeBlocks,
    private readonly devices: Devices,
  ) {}

  /** Throws `volume.in-use`, `resource.not-found`, or `peer.fault` where CloudStack shows other disks in the end. */
  async put(machine: VirtualMachine, disks: readonly BlueprintDisk[], options: CallOptions): Promise<void> {
    for (const { volume: id } of disks) {
      const volume = await mustHaveVolume(this.cloud, id, options);
      if (volume.virtualmachineid !== undefined && volume.virtualmachineid !== machine.id)
        throw inUse(volume);
      await this.blocks.mustBeThere(volume, options);
      if (!(await this.devices.isGoneWithin(id, DEVICE_GONE_MS))) throw stillHere(id);
    }
    const dummy = await this.noteDummy(machine, options);
    await this.removeDummy(machine.id, dummy, options);
    // what it boots from goes to device 0; only there CloudStack takes it for the root
    const ordered = [...disks].sort((a, b) => Number(b.boot) - Number(a.boot));
    for (const [place, { volume }] of ordered.entries()) {
      const deviceId = deviceIdOf(place);
      const present = await mustHaveVolume(this.cloud, volume, options);
      if (present.virtualmachineid === machine.id && present.deviceid !== deviceId)
        await this.attachments.detach(volume, machine.id, options);
      await this.attachments.attach(volume, machine.id, deviceId, options);
    }
    await this.mustBe(
      machine.id,
      ordered.map(({ volume }) => volume),
      options,
    );
  }

  /** Takes every disk but the recorded dummy off a machine. Comes back when none of them is left on it. */
  async takeOff(machine: VirtualMachine, options: CallOptions): Promise<void> {
    const dummy = tagOf(machine, DUMMY_ROOT_TAG);
    for (const volume of await volumesOfMachine(this.cloud, machine.id, options)) {
      const cameWithIt = volume.id === dummy || (dummy === undefined && tagOf(volume, KEY_TAG) === undefined);
      if (!cameWithIt) await this.attachments.detach(volume.id, machine.id, options);
    }
    const left = (await volumesOfMachine(this.cloud, machine.id, options)).filter(
      (volume) => tagOf(volume, KEY_TAG) !== undefined,
    );
    // the root disk of a machine goes with it: that must never be one of ours
    if (left[0]) throw inUse(left[0]);
  }

  /**
   * The disk that the machine was made with, written down at the machine before anything is done to it: only the disk
   * that stands there is ever deleted. A copy of somebody's data once stood at device 0 when a run was repeated.
   */
  private async noteDummy(machine: VirtualMachine, options: CallOptions): Promise<string | undefined> {
    const noted = tagOf(machine, DUMMY_ROOT_TAG);
    if (noted !== undefined) return noted;
    const present = await volumesOfMachine(this.cloud, machine.id, options);
    const [dummy, ...others] = present;
    if (dummy === undefined) return undefined;
    if (others.length > 0 || dummy.type !== 'ROOT' || tagOf(dummy, KEY_TAG) !== undefined)
      throw new MigrationError(
        'peer.fault',
        'The new machine has other disks than the one of its template.',
        {
          context: { machine: machine.id, disks: present.length },
        },
      );
    await tag(this.cloud, 'machine', machine, { [DUMMY_ROOT_TAG]: dummy.id }, options);
    return dummy.id;
  }

  private async removeDummy(machine: string, dummy: string | undefined, options: CallOptions): Promise<void> {
    if (dummy === undefined) return;
    const volume = await readVolume(this.cloud, dummy, options);
    if (!volume) return;
    if (volume.virtualmachineid !== undefined && volume.virtualmachineid !== machine) throw inUse(volume);
    // Allocated: nothing was ever written to it
    if (tagOf(volume, KEY_TAG) !== undefined || volume.state !== 'Allocated')
      throw new MigrationError('peer.fault', `The disk of the template is ${volume.state}; it is kept.`, {
        context: { machine, volume: dummy },
      });
    await this.attachments.detach(dummy, machine, options);
    try {
      await this.cloud.client.write('deleteVolume', { id: dummy }, successSchema, options);
    } catch (fault) {
      options.signal.throwIfAborted();
      if (await readVolume(this.cloud, dummy, options)) throw fault;
    }
  }

  private async mustBe(machine: string, wanted: readonly string[], options: CallOptions): Promise<void> {
    const present = await volumesOfMachine(this.cloud, machine, options);
    const isRight =
      present.length === wanted.length &&
      wanted.every((id, place) => {
        const volume = present.find((one) => one.id === id);
        const type = deviceIdOf(place) === ROOT_DEVICE_ID ? 'ROOT' : 'DATADISK';
        return volume?.deviceid === deviceIdOf(place) && volume.type === type;
      });
    if (isRight) return;
    const shown = present.map(({ id, type, deviceid }) => `${id} ${type} at ${deviceid ?? 'no place'}`);
    throw new MigrationError('peer.fault', `The machine has these disks: ${shown.join('; ') || 'none'}.`, {
      context: { machine },
    });
  }
}
