import { isMigrationError } from '@ossea/errors';
import type { Cloud } from '../cloud.js';
import { runtime } from '../protocol/api-error.js';
import type { Machine, MachineState, Volume } from '../state/model.js';
import { forgetAttachment } from '../storage/detach-work.js';
import { createOnPrimary, expungeVolume } from '../storage/volume-work.js';

export function setState(machine: Machine, state: MachineState): void {
  machine.state = state;
  machine.lastUpdated = new Date();
}

/** Starts a machine with the volumes that are attached to it; one that runs is left alone. */
export async function startMachine(cloud: Cloud, machine: Machine): Promise<void> {
  if (machine.state === 'Running') return;
  const volumes = cloud.world.volumesOf(machine);
  setState(machine, 'Starting');
  try {
    for (const volume of volumes) await makeReady(cloud, volume);
    cloud.violations.look();
    if (machine.isAppliance) await plugAll(cloud, volumes);
    else await startInQemu(cloud, machine, volumes);
    for (const { network } of machine.nics) if (network.state === 'Allocated') network.state = 'Implemented';
    setState(machine, 'Running');
  } catch (error) {
    setState(machine, 'Stopped');
    throw error;
  }
}

/** A volume that was only a row is made now. Nobody looks into a template: an empty disk stands for its content. */
async function makeReady(cloud: Cloud, volume: Volume): Promise<void> {
  if (!volume.onPrimary) await createOnPrimary(cloud, volume);
  volume.state = 'Ready';
}

async function plugAll({ devices, files }: Cloud, volumes: readonly Volume[]): Promise<void> {
  for (const { id } of volumes) await devices.plug(id, files.volumePath(id));
}

async function startInQemu(cloud: Cloud, machine: Machine, volumes: readonly Volume[]): Promise<void> {
  const disks = volumes.map((volume) => ({ volume, file: cloud.files.volumePath(volume.id) }));
  try {
    await cloud.machines.start(machine, disks, { signal: cloud.jobs.signal });
  } catch (error) {
    if (!isMigrationError(error)) throw error;
    throw runtime(`Unable to start a VM [${machine.name}] due to [${error.message}].`);
  }
}

export async function stopMachine(cloud: Cloud, machine: Machine, force: boolean): Promise<void> {
  if (machine.state !== 'Running') return;
  setState(machine, 'Stopping');
  const { signal } = cloud.jobs;
  if (machine.isAppliance)
    for (const { id } of cloud.world.volumesOf(machine)) await cloud.devices.unplug(id);
  else await cloud.machines.stop(machine, { signal, force, waitMs: cloud.settings.shutdownWaitMs });
  setState(machine, 'Stopped');
}

/** Machines that turned themselves off, as the server learns from its hosts. */
export async function noticePowerOff({ world, machines }: Cloud): Promise<void> {
  for (const machine of world.machines.all())
    if (machine.state === 'Running' && !machine.isAppliance && (await machines.pid(machine)) === undefined)
      if (machine.state === 'Running') setState(machine, 'Stopped');
}

/** The root stays with it until it is expunged; data volumes are let go, or removed when they are named. */
export async function destroyMachine(
  cloud: Cloud,
  machine: Machine,
  options: { readonly volumes: readonly Volume[]; readonly expunge: boolean },
): Promise<void> {
  await stopMachine(cloud, machine, true);
  for (const snapshot of cloud.world.vmSnapshotsOf(machine)) snapshot.removed = true;
  for (const volume of cloud.world.volumesOf(machine)) {
    if (volume.type === 'ROOT') continue;
    forgetAttachment(cloud, volume);
    if (options.volumes.includes(volume)) await expungeVolume(cloud, volume);
  }
  setState(machine, 'Destroyed');
  if (options.expunge) await expungeMachine(cloud, machine);
}

export async function expungeMachine(cloud: Cloud, machine: Machine): Promise<void> {
  setState(machine, 'Expunging');
  for (const volume of cloud.world.volumesOf(machine)) await expungeVolume(cloud, volume);
  await cloud.machines.forget(machine);
  machine.removed = true;
  cloud.world.tags = cloud.world.tags.filter(({ resourceId }) => resourceId !== machine.id);
}

/** What a start that failed leaves of a machine that was deployed to be started at once. */
export async function failDeployment(cloud: Cloud, machine: Machine): Promise<void> {
  setState(machine, 'Error');
  for (const volume of cloud.world.volumesOf(machine)) {
    volume.state = 'Destroy';
    volume.onPrimary = false;
    await cloud.files.removeVolume(volume.id);
  }
}
