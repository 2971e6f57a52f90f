import { invalid } from './protocol/api-error.js';
import type { Cloud } from './cloud.js';
import { freeDeviceId } from './state/device-ids.js';
import type { Machine, NetworkState, Volume } from './state/model.js';
import { newRow, type Table } from './state/table.js';
import type { Row } from './state/model.js';
import { clearAttachment } from './storage/detach-work.js';
import { createOnPrimary, attachVolume } from './storage/volume-work.js';

/** What somebody else does in the cloud while a client works in it. */
export class Operator {
  constructor(
    protected readonly cloud: Cloud,
    private readonly appliance: Machine,
  ) {}

  /** Removed offerings and templates keep what was made of them. */
  deleteServiceOffering(id: string): void {
    rowOf(this.cloud.world.serviceOfferings, id).removed = true;
  }

  deleteDiskOffering(id: string): void {
    rowOf(this.cloud.world.diskOfferings, id).removed = true;
  }

  deleteTemplate(id: string): void {
    rowOf(this.cloud.world.templates, id).removed = true;
  }

  setNetworkState(id: string, state: NetworkState): void {
    rowOf(this.cloud.world.networks, id).state = state;
  }

  /** Attaches volumes that nobody asked for to the appliance; gives their ids. */
  async attachForeignVolumes(count: number): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const volume = this.addVolume(`foreign-${n}`, 2 ** 20);
      await attachVolume(this.cloud, { volume, machine: this.appliance, deviceId: undefined });
      ids.push(volume.id);
    }
    return ids;
  }

  /** Takes a snapshot of the appliance as a whole; gives its id. */
  addApplianceVmSnapshot(): string {
    const { account, number } = this.appliance;
    const name = `i-2-${number}-VM_VS_operator`;
    return this.cloud.world.vmSnapshots.add({
      ...newRow(),
      ...{ name, displayName: name, description: undefined, account },
      machine: this.appliance,
      type: 'Disk' as const,
      state: 'Ready' as const,
    }).id;
  }

  removeVmSnapshot(id: string): void {
    rowOf(this.cloud.world.vmSnapshots, id).removed = true;
  }

  /** Takes a volume from its machine in the data base alone, as an operator's repair may. */
  clearAttachment(volumeId: string): void {
    clearAttachment(rowOf(this.cloud.world.volumes, volumeId));
  }

  /** Removes a volume, whatever it is attached to. */
  async loseVolume(volumeId: string): Promise<void> {
    const volume = rowOf(this.cloud.world.volumes, volumeId);
    volume.attachment = undefined;
    volume.removed = true;
    volume.state = 'Expunged';
    await this.cloud.devices.unplug(volumeId);
    await this.cloud.files.removeVolume(volumeId);
  }

  /** Fills the pool so far that only this much is left. */
  async leaveFreeGib(gib: number): Promise<void> {
    const taken = this.cloud.settings.capacityGib - this.cloud.world.pooledGib() - gib;
    if (taken > 0) await createOnPrimary(this.cloud, this.addVolume('ballast', Math.floor(taken * 2 ** 30)));
  }

  /** Fails the jobs that hang, with the text of the server's own clean-up. */
  cancelPendingJobs(): void {
    this.cloud.jobs.cancelPending();
  }

  private addVolume(name: string, sizeBytes: number): Volume {
    const free = freeDeviceId(this.cloud.world, this.appliance, this.cloud.settings.maxDataVolumes);
    if (free === undefined) throw invalid('The appliance has no device id left');
    const { account, zone } = this.appliance;
    return this.cloud.world.volumes.add<Volume>({
      ...newRow(),
      ...{ name, account, zone, sizeBytes },
      type: 'DATADISK',
      state: 'Allocated',
      offering: undefined,
      template: undefined,
      fromSnapshot: undefined,
      onPrimary: false,
      attachment: undefined,
    });
  }
}

function rowOf<T extends Row>(table: Table<T>, id: string): T {
  const found = table.find(id);
  if (!found) throw new Error(`There is nothing with the id ${id}.`);
  return found;
}
