import { invalid } from '../protocol/api-error.js';
import { ATTACH_RULES, LATE_ATTACH_RULES } from '../rules/attach-rules.js';
import { DETACH_RULES } from '../rules/detach-rules.js';
import { apply } from '../rules/rule.js';
import type { Volume } from '../state/model.js';
import { detachVolume } from '../storage/detach-work.js';
import { attachVolume } from '../storage/volume-work.js';
import { volumeView } from '../views/volume-view.js';
import type { Call } from './call.js';
import type { Command } from './command.js';

function attach(call: Call) {
  const { world, settings } = call.cloud;
  const volume = call.get(world.volumes, 'id');
  const machine = call.get(world.machines, 'virtualmachineid');
  const subject = { world, settings, volume, machine, deviceId: call.number('deviceid') };
  let asked = false;
  return call.submit({
    instance: { type: 'Volume', id: volume.id },
    machineId: machine.id,
    check: () => {
      if (asked) apply(LATE_ATTACH_RULES, subject);
      asked = true;
      apply(ATTACH_RULES, subject);
    },
    run: async () => {
      await attachVolume(call.cloud, subject);
      return { volume: volumeView(call.cloud, volume) };
    },
  });
}

function volumeToDetach(call: Call): Volume {
  const { volumes, machines } = call.cloud.world;
  const [id, device] = [call.find(volumes, 'id'), call.number('deviceid')];
  const machine = call.find(machines, 'virtualmachineid');
  const byPlace = device !== undefined && machine !== undefined;
  if (id ? device !== undefined || machine !== undefined : !byPlace)
    throw invalid('Please provide either a volume id, or a tuple(device id, instance id)');
  const found =
    id ?? call.cloud.world.volumesOf(machine!).find(({ attachment }) => attachment!.deviceId === device);
  if (!found) throw invalid('The specified volume is not attached to a VM.');
  return found;
}

function detach(call: Call) {
  const { world, settings } = call.cloud;
  const volume = volumeToDetach(call);
  return call.submit({
    instance: { type: 'Volume', id: volume.id },
    machineId: volume.attachment?.machine.id,
    check: () => apply(DETACH_RULES, { world, settings, volume }),
    run: async (fault) => {
      await detachVolume(call.cloud, volume, fault?.kind === 'late-detach' ? fault : undefined);
      return { volume: volumeView(call.cloud, volume) };
    },
  });
}

export const ATTACHMENT_COMMANDS: readonly Command[] = [
  {
    name: 'attachVolume',
    job: 'volume.AttachVolumeCmd',
    parameters: { 'id!': 'volume', 'virtualmachineid!': 'machine', deviceid: 'long' },
    answer: attach,
  },
  {
    name: 'detachVolume',
    job: 'volume.DetachVolumeCmd',
    parameters: { id: 'volume', deviceid: 'long', virtualmachineid: 'machine' },
    answer: detach,
  },
];
