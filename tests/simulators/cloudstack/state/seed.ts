import { randomBytes } from 'node:crypto';
import { newMac } from './addresses.js';
import type { Account, Domain, Machine, Network, NetworkOffering, OsType, Template, Zone } from './model.js';
import { newRow } from './table.js';
import { World } from './world.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const OS_TYPES: Readonly<Record<string, readonly string[]>> = {
  CentOS: ['CentOS 7', 'CentOS Stream 9'],
  Debian: ['Debian GNU/Linux 11 (64-bit)', 'Debian GNU/Linux 12 (64-bit)'],
  RedHat: ['Red Hat Enterprise Linux 8.0', 'Red Hat Enterprise Linux 9.0'],
  Ubuntu: ['Ubuntu 20.04 LTS', 'Ubuntu 22.04 LTS'],
  Windows: ['Windows PV', 'Windows Server 2019 (64-bit)', 'Windows Server 2022 (64-bit)'],
  Other: ['Other (64-bit)', 'Other Linux (64-bit)', 'Other PV (64-bit)'],
};

/** Ids of what a fresh cloud has, by the names that tests know. */
export interface SeededIds {
  readonly zone: string;
  readonly otherZone: string;
  readonly template: string;
  readonly bigTemplate: string;
  readonly unreadyTemplate: string;
  readonly customOffering: string;
  readonly fixedOffering: string;
  readonly smallCustomOffering: string;
  readonly customDiskOffering: string;
  readonly fixedDiskOffering: string;
  readonly production: string;
  readonly shared: string;
  readonly isolatedNetworkOffering: string;
  readonly l2NetworkOffering: string;
  readonly vlanNetworkOffering: string;
  readonly otherAccountNetwork: string;
}

export interface SeededWorld {
  readonly world: World;
  readonly ids: SeededIds;
  readonly accounts: Readonly<Record<'admin' | 'user' | 'stranger', Account>>;
  readonly appliance: Machine;
}

export function seedWorld(): SeededWorld {
  const world = new World();
  const domain = (name: string, path: string): Domain => world.domains.add({ ...newRow(), name, path });
  const root = domain('ROOT', 'ROOT');
  const ops = domain('ops', 'ROOT/ops');
  const account = (name: string, isRootAdmin: boolean, { id }: Domain): Account =>
    world.accounts.add({
      ...newRow(),
      name,
      isRootAdmin,
      domainId: id,
      userId: newRow().id,
      apiKey: randomBytes(48).toString('base64url'),
      secretKey: randomBytes(48).toString('base64url'),
    });
  const accounts = {
    admin: account('admin', true, root),
    user: account('migration', false, ops),
    stranger: account('stranger', false, ops),
  };
  const zone = world.zones.add({ ...newRow(), name: 'zone-1' });
  const otherZone = world.zones.add({ ...newRow(), name: 'zone-2' });
  for (const [name, descriptions] of Object.entries(OS_TYPES)) {
    const category = world.osCategories.add({ ...newRow(), name });
    for (const description of descriptions) world.osTypes.add({ ...newRow(), description, category });
  }
  const templates = seedTemplates(world, [zone, otherZone]);
  const offerings = seedOfferings(world);
  const networks = seedNetworks(world, zone, accounts);
  const template = world.templates.find(templates.template)!;
  const appliance = seedAppliance(world, {
    account: accounts.user,
    zone,
    template,
    network: world.networks.find(networks.production)!,
  });
  const ids = { zone: zone.id, otherZone: otherZone.id, ...templates, ...offerings, ...networks };
  return { world, ids, accounts, appliance };
}

function seedTemplates(world: World, zones: readonly Zone[]) {
  const osType = world.osTypes
    .all()
    .find(({ description }) => description === 'Other Linux (64-bit)') as OsType;
  const template = (name: string, sizeBytes: number, ready: boolean): string =>
    world.templates.add<Template>({ ...newRow(), name, zones, sizeBytes, ready, osType }).id;
  return {
    template: template('empty-kvm', 50 * MIB, true),
    bigTemplate: template('desktop-kvm', 20 * GIB, true),
    unreadyTemplate: template('downloading-kvm', 50 * MIB, false),
  };
}

function seedOfferings(world: World) {
  const bounds = (maxcpunumber: number, maxmemory: number) => ({
    mincpunumber: 1,
    maxcpunumber,
    minmemory: 64,
    maxmemory,
  });
  const custom = { cpus: undefined, cpuMhz: 2000, memoryMb: undefined };
  const compute = world.serviceOfferings;
  const disk = (name: string, sizeGib?: number): string =>
    world.diskOfferings.add({ ...newRow(), name, sizeGib }).id;
  return {
    customOffering: compute.add({ ...newRow(), name: 'Custom', ...custom, bounds: bounds(16, 32_768) }).id,
    smallCustomOffering: compute.add({
      ...newRow(),
      name: 'Custom, small',
      ...custom,
      bounds: bounds(1, 128),
    }).id,
    fixedOffering: compute.add({
      ...newRow(),
      name: 'Small Instance',
      cpus: 1,
      cpuMhz: 1000,
      memoryMb: 256,
      bounds: undefined,
    }).id,
    customDiskOffering: disk('Custom'),
    fixedDiskOffering: disk('Small', 5),
  };
}

function seedNetworks(world: World, zone: Zone, accounts: SeededWorld['accounts']) {
  const offering = (
    name: string,
    guestType: NetworkOffering['guestType'],
    specifyVlan = false,
  ): NetworkOffering => world.networkOfferings.add({ ...newRow(), name, guestType, specifyVlan });
  const isolated = offering('DefaultIsolatedNetworkOfferingWithSourceNatService', 'Isolated');
  const l2 = offering('DefaultL2NetworkOffering', 'L2');
  const vlan = offering('DefaultL2NetworkOfferingVlan', 'L2', true);
  const shared = offering('DefaultSharedNetworkOffering', 'Shared', true);
  const netmask = '255.255.255.0';
  const network = (row: Pick<Network, 'name' | 'offering' | 'account' | 'state'> & { gateway: string }) =>
    world.networks.add<Network>({
      ...newRow(),
      ...row,
      displayText: row.name,
      zone,
      type: row.offering.guestType,
      subnet: { gateway: row.gateway, netmask },
      domainName: `${row.name}.internal`,
      vlan: undefined,
    }).id;
  const state = 'Implemented';
  return {
    production: network({
      name: 'production',
      offering: isolated,
      account: accounts.user,
      state,
      gateway: '10.10.0.1',
    }),
    shared: network({
      name: 'shared',
      offering: shared,
      account: undefined,
      state: 'Setup',
      gateway: '10.20.0.1',
    }),
    otherAccountNetwork: network({
      name: 'strangers',
      offering: isolated,
      account: accounts.stranger,
      state,
      gateway: '10.30.0.1',
    }),
    isolatedNetworkOffering: isolated.id,
    l2NetworkOffering: l2.id,
    vlanNetworkOffering: vlan.id,
  };
}

/** The machine that the product's own appliance is: it runs, and has a root and one card. */
function seedAppliance(
  world: World,
  of: { account: Account; zone: Zone; template: Template; network: Network },
): Machine {
  const offering = world.serviceOfferings.all().find(({ name }) => name === 'Small Instance')!;
  const nic = { ...newRow(), network: of.network, mac: newMac(), ip: '10.10.0.10', isDefault: true };
  const appliance = world.machines.add<Machine>({
    ...newRow(),
    name: 'migration-appliance',
    displayName: 'Migration appliance',
    account: of.account,
    zone: of.zone,
    state: 'Running',
    offering,
    template: of.template,
    osType: of.template.osType,
    details: new Map(),
    nics: [nic],
    lastUpdated: new Date(),
    isAppliance: true,
  });
  world.volumes.add({
    ...newRow(),
    name: `ROOT-${appliance.number}`,
    account: of.account,
    zone: of.zone,
    type: 'ROOT',
    state: 'Ready',
    sizeBytes: GIB,
    offering: undefined,
    template: of.template,
    fromSnapshot: undefined,
    onPrimary: true,
    attachment: { machine: appliance, deviceId: 0, since: new Date() },
  });
  return appliance;
}
