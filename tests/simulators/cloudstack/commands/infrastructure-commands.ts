import type { Call } from './call.js';
import { PAGED, type Command } from './command.js';
import { all, byIds, equals, listed } from './lists.js';

const GIB = 2 ** 30;
const HOST_MEMORY = 256 * GIB;

function place({ cloud: { world } }: Call) {
  const zone = world.zones.all()[0]!;
  return { zoneid: zone.id, zonename: zone.name, podid: world.pod.id, clusterid: world.cluster.id };
}

function listCapacity(call: Call) {
  const { world, settings } = call.cloud;
  const storage = { capacitytotal: settings.capacityGib * GIB, capacityused: world.pooledGib() * GIB };
  const rows = [
    { type: 0, name: 'MEMORY', capacitytotal: HOST_MEMORY, capacityused: 0 },
    { type: 1, name: 'CPU', capacitytotal: 64_000, capacityused: 0 },
    { type: 2, name: 'STORAGE', ...storage },
    { type: 3, name: 'STORAGE_ALLOCATED', ...storage },
    { type: 6, name: 'SECONDARY_STORAGE', capacitytotal: settings.capacityGib * GIB, capacityused: 0 },
  ].filter(equals(call, 'type', ({ type }) => type));
  return listed(call, 'capacity', rows, (row) => ({
    ...row,
    ...place(call),
    capacityallocated: row.capacityused,
    percentused: ((100 * row.capacityused) / row.capacitytotal).toFixed(2),
  }));
}

function listStoragePools(call: Call) {
  const { world, settings } = call.cloud;
  const linstor = settings.snapshotsStayOnPrimary;
  const rows = [world.pool].filter(
    all<typeof world.pool>(
      byIds(call),
      equals(call, 'name', ({ name }) => name),
      equals(call, 'zoneid', () => place(call).zoneid),
    ),
  );
  return listed(call, 'storagepool', rows, ({ id, name }) => ({
    id,
    name,
    ...place(call),
    scope: 'CLUSTER',
    type: linstor ? 'Linstor' : 'NetworkFilesystem',
    provider: linstor ? 'Linstor' : 'DefaultPrimary',
    state: 'Up',
    managed: settings.poolManaged,
    hypervisor: 'KVM',
    disksizetotal: settings.capacityGib * GIB,
    disksizeused: Math.floor(world.pooledGib() * GIB),
    disksizeallocated: Math.floor(world.pooledGib() * GIB),
    overprovisionfactor: '1.0',
  }));
}

function listHosts(call: Call) {
  const { world } = call.cloud;
  const rows = [world.host].filter(
    all<typeof world.host>(
      byIds(call),
      equals(call, 'name', ({ name }) => name),
      equals(call, 'type', () => 'Routing'),
      equals(call, 'zoneid', () => place(call).zoneid),
      equals(call, 'hypervisor', () => 'KVM'),
      equals(call, 'state', () => 'Up'),
    ),
  );
  return listed(call, 'host', rows, ({ id, name }) => ({
    id,
    name,
    type: 'Routing',
    state: 'Up',
    resourcestate: 'Enabled',
    hypervisor: 'KVM',
    hypervisorversion: '7.2.0',
    ...place(call),
    ueficapability: true,
    encryptionsupported: false,
    cpunumber: 32,
    cpuspeed: 2000,
    memorytotal: HOST_MEMORY,
    arch: 'x86_64',
    version: call.cloud.settings.version,
  }));
}

function listHypervisorCapabilities(call: Call) {
  const { world, settings } = call.cloud;
  const rows = [world.cluster].filter(equals(call, 'hypervisor', () => 'KVM'));
  return listed(call, 'hypervisorCapabilities', rows, ({ id }) => ({
    id,
    hypervisor: 'KVM',
    hypervisorversion: 'default',
    maxdatavolumeslimit: settings.maxDataVolumes,
    maxguestslimit: 50,
    storagemotionenabled: true,
    vmsnapshotenabled: true,
    securitygroupenabled: false,
  }));
}

export const INFRASTRUCTURE_COMMANDS: readonly Command[] = [
  {
    name: 'listCapacity',
    rootAdminOnly: true,
    parameters: {
      zoneid: 'zone',
      podid: 'string',
      clusterid: 'string',
      type: 'integer',
      fetchlatest: 'boolean',
      sortby: 'string',
      ...PAGED,
    },
    answer: listCapacity,
  },
  {
    name: 'listStoragePools',
    rootAdminOnly: true,
    parameters: {
      id: 'pool',
      name: 'string',
      zoneid: 'zone',
      clusterid: 'string',
      podid: 'string',
      scope: 'string',
      status: 'string',
      ...PAGED,
    },
    answer: listStoragePools,
  },
  {
    name: 'listHosts',
    rootAdminOnly: true,
    parameters: {
      id: 'host',
      name: 'string',
      type: 'string',
      zoneid: 'zone',
      clusterid: 'string',
      hypervisor: 'string',
      state: 'string',
      resourcestate: 'string',
      details: 'csv',
      virtualmachineid: 'machine',
      ...PAGED,
    },
    answer: listHosts,
  },
  {
    name: 'listHypervisorCapabilities',
    rootAdminOnly: true,
    parameters: { id: 'string', hypervisor: 'string', ...PAGED },
    answer: listHypervisorCapabilities,
  },
];
