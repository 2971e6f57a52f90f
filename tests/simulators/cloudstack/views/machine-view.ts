import type { Cloud } from '../cloud.js';
import type { Payload } from '../protocol/answer-text.js';
import { cloudDate } from '../protocol/expires.js';
import { sizeOf } from '../state/machine-size.js';
import type { Machine, Nic } from '../state/model.js';
import { pendingJob } from './job-view.js';
import { ownership, tagsView } from './ownership-view.js';

export function nicView(nic: Nic, index: number): Payload {
  const { network } = nic;
  return {
    id: nic.id,
    networkid: network.id,
    networkname: network.name,
    macaddress: nic.mac,
    ...(nic.ip === undefined ? {} : { ipaddress: nic.ip, ...network.subnet }),
    isdefault: nic.isDefault,
    deviceid: String(index),
    traffictype: 'Guest',
    type: network.type,
  };
}

/** @param parts which parts were asked for; all unless told. */
export function machineView(cloud: Cloud, machine: Machine, parts: readonly string[] = ['all']): Payload {
  const wants = (part: string): boolean => parts.includes(part) || parts.includes('all');
  const size = sizeOf(machine);
  const firmware = machine.details.get('UEFI');
  return {
    id: machine.id,
    name: machine.name,
    displayname: machine.displayName,
    instancename: `i-2-${machine.number}-VM`,
    state: machine.state,
    ...ownership(cloud, machine.account),
    zoneid: machine.zone.id,
    zonename: machine.zone.name,
    ...(machine.state === 'Running' ? { hostid: cloud.world.host.id, hostname: cloud.world.host.name } : {}),
    hypervisor: 'KVM',
    cpunumber: size.cpus,
    cpuspeed: size.cpuMhz,
    memory: size.memoryMb,
    ...(wants('servoff')
      ? { serviceofferingid: machine.offering.id, serviceofferingname: machine.offering.name }
      : {}),
    ...(wants('tmpl')
      ? {
          templateid: machine.template.id,
          templatename: machine.template.name,
          templatedisplaytext: machine.template.name,
        }
      : {}),
    ostypeid: machine.osType.id,
    guestosid: machine.osType.id,
    osdisplayname: machine.osType.description,
    ...(firmware === undefined
      ? { boottype: 'Bios', bootmode: 'legacy' }
      : { boottype: 'Uefi', bootmode: firmware.toLowerCase() }),
    details: Object.fromEntries(machine.details),
    readonlydetails: 'dataDiskController, rootDiskController',
    ...(wants('volume') ? rootDevice(cloud, machine) : {}),
    ...(wants('nics') ? { nic: machine.nics.map(nicView) } : {}),
    created: cloudDate(machine.created),
    lastupdated: cloudDate(machine.lastUpdated),
    haenable: false,
    displayvm: true,
    deleteprotection: false,
    tags: tagsView(cloud, machine.id),
    ...pendingJob(cloud, machine.id),
  };
}

function rootDevice({ world }: Cloud, machine: Machine): Payload {
  const root = world.volumesOf(machine).find(({ type }) => type === 'ROOT');
  return root ? { rootdeviceid: root.attachment!.deviceId, rootdevicetype: 'ROOT' } : {};
}
