import { invalid } from '../protocol/api-error.js';
import { failDeployment, startMachine } from '../machines/machine-work.js';
import {
  DEPLOY_RULES,
  NAME_RULES,
  NETWORK_RULES,
  OFFERING_RULES,
  type WantedNic,
} from '../rules/deploy-rules.js';
import { checkLimit } from '../rules/limits.js';
import { apply } from '../rules/rule.js';
import { freeAddress, newMac } from '../state/addresses.js';
import type { Machine, Nic, Volume } from '../state/model.js';
import { newRow } from '../state/table.js';
import { machineView } from '../views/machine-view.js';
import type { Call } from './call.js';
import type { Command } from './command.js';
import { ownerOf } from './owner.js';

const GIB = 2 ** 30;

function networkNamed(call: Call, id: string | undefined) {
  const network = id === undefined ? undefined : call.cloud.world.networks.find(id);
  if (!network) throw invalid(`Unable to find network by id ${id ?? 'null'}`);
  return network;
}

/** The cards that were asked for, in the one form or the other. */
function wantedNics(call: Call): WantedNic[] {
  const elements = call.elements('iptonetworklist');
  if (elements.length > 0)
    return elements.map((fields) => ({
      network: networkNamed(call, fields.get('networkid')),
      ip: fields.get('ip'),
      mac: fields.get('mac'),
    }));
  return (call.list('networkids') ?? []).map((id, index) => ({
    network: networkNamed(call, id),
    ip: index === 0 ? call.text('ipaddress') : undefined,
    mac: index === 0 ? call.text('macaddress') : undefined,
  }));
}

export function makeNic(call: Call, { network, ip, mac }: WantedNic, isDefault: boolean): Nic {
  return {
    id: newRow().id,
    network,
    mac: (mac ?? newMac()).toLowerCase(),
    ip: ip ?? freeAddress(call.cloud.world, network),
    isDefault,
  };
}

function deploy(call: Call) {
  const { world } = call.cloud;
  const owner = ownerOf(call);
  const zone = call.get(world.zones, 'zoneid');
  const offering = call.get(world.serviceOfferings, 'serviceofferingid');
  const template = call.find(world.templates, 'templateid');
  const details = call.map('details');
  const name = call.text('name');
  const nics = wantedNics(call);
  const bootMode = call.text('bootmode');
  const subject = {
    ...{ world, owner, zone, offering, template, details, name, nics, bootMode },
    source: call.find(world.volumes, 'volumeid') ?? call.find(world.snapshots, 'snapshotid'),
    bootType: call.text('boottype'),
    bothNetworkForms:
      call.elements('iptonetworklist').length > 0 &&
      ['networkids', 'ipaddress'].some((other) => call.text(other) !== undefined),
  };
  apply(DEPLOY_RULES, subject);
  apply(OFFERING_RULES, subject);
  apply(NETWORK_RULES, subject);
  apply(NAME_RULES, subject);
  const rootGib = call.number('rootdisksize') ?? Number(details.get('rootdisksize') ?? 0);
  const rootBytes = rootGib > 0 ? rootGib * GIB : template!.sizeBytes;
  checkLimit(call.cloud, owner, { instances: 1, volumes: 1, primaryStorageGib: rootBytes / GIB });
  const row = newRow();
  const firmware =
    subject.bootType?.toUpperCase() === 'UEFI' ? [['UEFI', bootMode!.toUpperCase()] as const] : [];
  const hostName = name ?? `VM-${row.id}`;
  const machine = world.machines.add<Machine>({
    ...row,
    name: hostName,
    displayName: call.text('displayname') ?? hostName,
    account: owner,
    zone,
    state: 'Stopped',
    offering,
    template: template!,
    osType: template!.osType,
    details: new Map([...details, ...firmware]),
    nics: [],
    lastUpdated: row.created,
    isAppliance: false,
  });
  // one after the other: each takes an address
  for (const wanted of nics)
    machine.nics = [...machine.nics, makeNic(call, wanted, machine.nics.length === 0)];
  addVolumes(call, machine, rootBytes);
  const starts = call.flag('startvm') ?? true;
  return call.submit(
    {
      instance: { type: 'VirtualMachine', id: machine.id },
      machineId: machine.id,
      run: async () => {
        if (starts) await startMachine(call.cloud, machine);
        return { virtualmachine: machineView(call.cloud, machine) };
      },
      failed: async () => {
        if (starts) await failDeployment(call.cloud, machine);
      },
    },
    machine,
  );
}

/** Rows alone: nothing is written before the machine starts. */
function addVolumes(call: Call, machine: Machine, rootBytes: number): void {
  const { world } = call.cloud;
  const add = (deviceId: number, of: Pick<Volume, 'type' | 'sizeBytes' | 'offering' | 'template'>) =>
    world.volumes.add<Volume>({
      ...newRow(),
      ...of,
      name: `${of.type === 'ROOT' ? 'ROOT' : 'DATA'}-${machine.number}`,
      account: machine.account,
      zone: machine.zone,
      state: 'Allocated',
      fromSnapshot: undefined,
      onPrimary: false,
      attachment: { machine, deviceId, since: new Date() },
    });
  add(0, { type: 'ROOT', sizeBytes: rootBytes, offering: undefined, template: machine.template });
  const offering = call.find(world.diskOfferings, 'diskofferingid');
  const sizeGib = offering && (offering.sizeGib ?? call.number('size'));
  if (offering && sizeGib !== undefined)
    add(1, { type: 'DATADISK', sizeBytes: sizeGib * GIB, offering, template: undefined });
}

export const DEPLOY_COMMAND: Command = {
  name: 'deployVirtualMachine',
  job: 'vm.DeployVMCmd',
  parameters: {
    'serviceofferingid!': 'serviceOffering',
    'zoneid!': 'zone',
    templateid: 'template',
    volumeid: 'volume',
    snapshotid: 'snapshot',
    name: 'string',
    displayname: 'string',
    hypervisor: 'string',
    networkids: 'networks',
    iptonetworklist: 'map',
    ipaddress: 'string',
    macaddress: 'string',
    startvm: 'boolean',
    details: 'map',
    boottype: 'string',
    bootmode: 'string',
    rootdisksize: 'long',
    overridediskofferingid: 'diskOffering',
    diskofferingid: 'diskOffering',
    size: 'long',
    datadisksdetails: 'map',
    account: 'string',
    domainid: 'domain',
    projectid: 'project',
    userdata: 'string',
    keyboard: 'string',
    group: 'string',
    affinitygroupids: 'csv',
    securitygroupids: 'csv',
    hostid: 'host',
    clusterid: 'string',
    customid: 'string',
    nicnetworklist: 'map',
    keypairs: 'csv',
  },
  answer: deploy,
};
