import { invalid } from '../protocol/api-error.js';
import { cloudDate } from '../protocol/expires.js';
import type { DiskOffering, OsType, ServiceOffering, Template, Zone } from '../state/model.js';
import type { Call } from './call.js';
import { OFFERED, OWNED, PAGED, type Command } from './command.js';
import { all, byIds, contains, equals, listed } from './lists.js';

const TEMPLATE_FILTERS = [
  'featured',
  'self',
  'selfexecutable',
  'sharedexecutable',
  'executable',
  'community',
  'all',
];
/** Those under which the cloud's public templates are found. */
const PUBLIC = ['featured', 'executable', 'all'];

const named = <T extends { readonly id: string; readonly name: string }>(call: Call) =>
  all<T>(
    byIds(call),
    equals(call, 'name', ({ name }) => name),
    contains(call, 'keyword', ({ name }) => name),
  );

function listServiceOfferings(call: Call) {
  const rows = call.cloud.world.serviceOfferings.all().filter(named(call));
  return listed(call, 'serviceoffering', rows, serviceOfferingView);
}

function serviceOfferingView({ id, name, cpus, cpuMhz, memoryMb, bounds, created }: ServiceOffering) {
  return {
    id,
    name,
    displaytext: name,
    cpunumber: cpus,
    cpuspeed: cpuMhz,
    memory: memoryMb,
    iscustomized: bounds !== undefined,
    iscustomizediops: false,
    ...(bounds
      ? {
          serviceofferingdetails: Object.fromEntries(
            Object.entries(bounds).map(([key, value]) => [key, String(value)]),
          ),
        }
      : {}),
    diskofferingstrictness: false,
    rootdisksize: 0,
    storagetype: 'shared',
    provisioningtype: 'thin',
    offerha: false,
    limitcpuuse: false,
    encryptroot: false,
    state: 'Active',
    created: cloudDate(created),
  };
}

function listDiskOfferings(call: Call) {
  const rows = call.cloud.world.diskOfferings.all().filter(named(call));
  return listed(call, 'diskoffering', rows, ({ id, name, sizeGib, created }: DiskOffering) => ({
    id,
    name,
    displaytext: name,
    disksize: sizeGib ?? 0,
    iscustomized: sizeGib === undefined,
    iscustomizediops: false,
    disksizestrictness: false,
    provisioningtype: 'thin',
    storagetype: 'shared',
    displayoffering: true,
    encrypt: false,
    state: 'Active',
    created: cloudDate(created),
  }));
}

function listTemplates(call: Call) {
  const filter = call.text('templatefilter')!.toLowerCase();
  if (!TEMPLATE_FILTERS.includes(filter)) throw invalid(`Invalid template filter: ${filter}`);
  if (filter === 'all' && !call.caller.isRootAdmin)
    throw invalid('Filter all can be specified by admin only');
  const ready = call.flag('isready');
  const entries = call.cloud.world.templates
    .all()
    .filter(named(call))
    // what is not there yet cannot be executed
    .filter((template) => PUBLIC.includes(filter) && (filter !== 'executable' || template.ready))
    .flatMap((template) => template.zones.map((zone) => ({ template, zone })))
    .filter(
      all(
        equals(call, 'zoneid', ({ zone }) => zone.id),
        equals(call, 'hypervisor', () => 'KVM'),
        ({ template }) => ready === undefined || template.ready === ready,
      ),
    );
  return listed(call, 'template', entries, ({ template, zone }) => templateView(template, zone));
}

/** One entry a zone. */
function templateView({ id, name, sizeBytes, ready, osType, created }: Template, zone: Zone) {
  return {
    id,
    name,
    displaytext: name,
    zoneid: zone.id,
    zonename: zone.name,
    hypervisor: 'KVM',
    format: 'QCOW2',
    size: sizeBytes,
    physicalsize: sizeBytes,
    status: ready ? 'Download Complete' : '42% Downloaded',
    isready: ready,
    ispublic: true,
    isfeatured: true,
    isextractable: true,
    ostypeid: osType.id,
    ostypename: osType.description,
    templatetype: 'USER',
    bootable: true,
    passwordenabled: false,
    sshkeyenabled: false,
    requireshvm: true,
    deployasis: false,
    account: 'admin',
    arch: 'x86_64',
    created: cloudDate(created),
  };
}

function listOsTypes(call: Call) {
  const rows = call.cloud.world.osTypes.all().filter(
    all<OsType>(
      byIds(call),
      equals(call, 'description', ({ description }) => description),
      contains(call, 'keyword', ({ description }) => description),
      equals(call, 'oscategoryid', ({ category }) => category.id),
    ),
  );
  return listed(call, 'ostype', rows, ({ id, description, category }) => ({
    id,
    name: description,
    description,
    oscategoryid: category.id,
    oscategoryname: category.name,
    fordisplay: true,
    isuserdefined: false,
  }));
}

function listOsCategories(call: Call) {
  const rows = call.cloud.world.osCategories.all().filter(named(call));
  return listed(call, 'oscategory', rows, ({ id, name }) => ({ id, name }));
}

function listZones(call: Call) {
  const rows = call.cloud.world.zones.all().filter(named(call));
  return listed(call, 'zone', rows, ({ id, name }) => ({
    id,
    name,
    networktype: 'Advanced',
    allocationstate: 'Enabled',
    securitygroupsenabled: false,
    localstorageenabled: false,
    guestcidraddress: '10.1.1.0/24',
    dns1: '192.0.2.53',
    internaldns1: '192.0.2.53',
    type: 'Core',
    ismultiarch: false,
    tags: [],
  }));
}

export const CATALOG_COMMANDS: readonly Command[] = [
  {
    name: 'listZones',
    parameters: {
      available: 'boolean',
      id: 'zone',
      ids: 'zones',
      name: 'string',
      domainid: 'domain',
      ...PAGED,
    },
    answer: listZones,
  },
  {
    name: 'listServiceOfferings',
    parameters: {
      id: 'serviceOffering',
      name: 'string',
      zoneid: 'zone',
      virtualmachineid: 'machine',
      issystem: 'boolean',
      ...OFFERED,
    },
    answer: listServiceOfferings,
  },
  {
    name: 'listDiskOfferings',
    parameters: {
      id: 'diskOffering',
      name: 'string',
      zoneid: 'zone',
      storageid: 'pool',
      storagetype: 'string',
      encrypt: 'boolean',
      ...OFFERED,
    },
    answer: listDiskOfferings,
  },
  {
    name: 'listTemplates',
    parameters: {
      'templatefilter!': 'string',
      id: 'template',
      ids: 'templates',
      name: 'string',
      zoneid: 'zone',
      hypervisor: 'string',
      isready: 'boolean',
      details: 'csv',
      showunique: 'boolean',
      ...OWNED,
    },
    answer: listTemplates,
  },
  {
    name: 'listOsTypes',
    parameters: {
      id: 'osType',
      ids: 'osTypes',
      description: 'string',
      oscategoryid: 'osCategory',
      fordisplay: 'boolean',
      ...PAGED,
    },
    answer: listOsTypes,
  },
  {
    name: 'listOsCategories',
    parameters: { id: 'osCategory', name: 'string', ...PAGED },
    answer: listOsCategories,
  },
];
