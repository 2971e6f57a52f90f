import { expect, it } from 'vitest';
import { volumeSchema, virtualMachineSchema, accountSchema } from '../../client/index.js';
import type { Facts } from '../facts.js';
import type { Problem } from '../look.js';
import {
  ACCOUNT,
  APPLIANCE,
  APPLIANCE_UUID,
  DISK_OFFERING,
  MAC,
  NETWORK,
  NETWORK_OFFERING,
  SELECTION,
  SERVICE_OFFERING,
  TEMPLATE,
  ZONE,
} from '../testing/small-cloud.js';
import { CHECKS } from '../validate.js';

const FORBIDDEN: Problem = { code: 'peer.forbidden', message: 'not for you', remedy: 'Allow it.' };
const machine = virtualMachineSchema.parse(APPLIANCE);
const account = accountSchema.parse(ACCOUNT);
const volume = (n: number, type = 'DATADISK') => volumeSchema.parse({ id: `v${n}`, type, state: 'Ready' });
const pool = { id: 'p', name: 'nfs1', scope: 'ZONE', tags: 'fast', managed: false };
const host = { id: 'h', name: 'kvm1', hypervisor: 'KVM', ueficapability: true };

/** An installation where everything is right, seen by an administrator. */
const GOOD: Facts = {
  credentials: {
    apiUrl: 'https://acs.example/client/api',
    apiKey: 'k',
    secretKey: 's',
    hostPaths: { deviceDir: '/dev/disk/by-id', sysDir: '/sys' },
  },
  selection: SELECTION,
  identity: { uuid: APPLIANCE_UUID, macs: [MAC] },
  clockSkewMs: 800,
  capability: { cloudstackversion: '4.22.0.0', kvmsnapshotenabled: true, customdiskofferingminsize: 1 },
  accounts: { items: [account] },
  zone: { items: [ZONE] },
  appliance: { items: [machine] },
  applianceVolumes: { items: [volume(0, 'ROOT'), volume(1)] },
  applianceSnapshots: { items: [] },
  template: { items: [TEMPLATE] },
  serviceOffering: { items: [SERVICE_OFFERING] },
  diskOffering: { items: [DISK_OFFERING] },
  network: { items: [{ ...NETWORK, tags: [] }] },
  networkOffering: { items: [NETWORK_OFFERING] },
  hypervisors: { items: [{ hypervisor: 'KVM', maxdatavolumeslimit: 16 }] },
  pools: { items: [pool] },
  hosts: { items: [host] },
  capacity: { items: [{ type: 2, capacitytotal: 100, capacityused: 50 }] },
};

const find = (facts: Facts) =>
  Object.fromEntries(CHECKS.map(({ check, of }) => [check, { check, ...of(facts) }]));

it('finds nothing where everything is right', () => {
  expect(Object.values(find(GOOD)).filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
  expect(new Set(CHECKS.map(({ check }) => check)).size).toBe(CHECKS.length);
  for (const { check } of CHECKS) expect(check).toMatch(/^[a-z]+(-[a-z]+)+$/);
});

type Case = readonly [check: string, outcome: string, message: RegExp, wrong: Partial<Facts>];
const CASES: readonly Case[] = [
  [
    'connection-is-encrypted',
    'warning',
    /over http/,
    { credentials: { ...GOOD.credentials, apiUrl: 'http://acs.example/client/api' } },
  ],
  ['clocks-agree', 'warning', /60 s behind/, { clockSkewMs: -60_000 }],
  ['clocks-agree', 'fail', /7 minutes ahead of/, { clockSkewMs: 7 * 60_000 }],
  ['release-is-supported', 'fail', /4\.17/, { capability: { cloudstackversion: '4.17.2.0' } }],
  ['release-is-supported', 'skipped', /does not tell/, { capability: {} }],
  [
    'snapshots-of-running-machines',
    'warning',
    /kvm\.snapshot\.enabled is false/,
    { capability: { kvmsnapshotenabled: false } },
  ],
  [
    'snapshots-of-running-machines',
    'fail',
    /kvm\.snapshot\.enabled is false/,
    { capability: { kvmsnapshotenabled: false }, selection: { ...GOOD.selection, snapshots: 'instant' } },
  ],
  ['snapshots-of-running-machines', 'skipped', /does not tell/, { capability: {} }],
  ['zone-is-available', 'fail', /disabled/, { zone: { items: [{ ...ZONE, allocationstate: 'Disabled' }] } }],
  ['zone-is-available', 'fail', /not there/, { zone: { items: [] } }],
  ['zone-is-available', 'skipped', /not for you/, { zone: { items: [], problem: FORBIDDEN } }],
  ['appliance-is-this-machine', 'fail', /not there/, { appliance: { items: [] } }],
  [
    'appliance-is-this-machine',
    'fail',
    /is stopped/,
    { appliance: { items: [{ ...machine, state: 'Stopped' }] } },
  ],
  [
    'appliance-is-this-machine',
    'fail',
    /on VMware/,
    { appliance: { items: [{ ...machine, hypervisor: 'VMware' }] } },
  ],
  ['appliance-is-this-machine', 'fail', /other MAC addresses/, { identity: { macs: ['02:00:5e:00:00:ff'] } }],
  ['appliance-is-this-machine', 'warning', /Neither/, { identity: { macs: [] } }],
  [
    'appliance-is-in-the-zone',
    'fail',
    /zone Zone One, and another/,
    { selection: { ...SELECTION, zoneId: 'z2' } },
  ],
  [
    'appliance-belongs-to-the-account',
    'fail',
    /keys are of the account "dev", and the appliance belongs to "ops"/,
    { accounts: { items: [{ ...account, name: 'dev' }] } },
  ],
  [
    'appliance-belongs-to-the-account',
    'fail',
    /of the account "ops"/,
    { accounts: { items: [{ ...account, domainid: 'd2' }] } },
  ],
  [
    'appliance-belongs-to-the-account',
    'fail',
    /belongs to a project/,
    { appliance: { items: [{ ...machine, projectid: 'p1' }] } },
  ],
  [
    'appliance-belongs-to-the-account',
    'fail',
    /to no project/,
    { credentials: { ...GOOD.credentials, projectId: 'p1' } },
  ],
  ['appliance-belongs-to-the-account', 'skipped', /Whose/, { accounts: { items: [account, account] } }],
  [
    'appliance-has-no-vm-snapshots',
    'fail',
    /It has 1: before-update/,
    {
      applianceSnapshots: { items: [{ id: 's', name: 'i-2', displayname: 'before-update', state: 'Ready' }] },
    },
  ],
  [
    'template-is-small-and-ready',
    'fail',
    /3 GiB/,
    { template: { items: [{ ...TEMPLATE, size: 3 * 1024 ** 3 }] } },
  ],
  ['template-is-small-and-ready', 'fail', /not there/, { template: { items: [] } }],
  [
    'service-offering-is-customizable',
    'fail',
    /fixed/,
    { serviceOffering: { items: [{ ...SERVICE_OFFERING, iscustomized: false }] } },
  ],
  [
    'service-offering-is-customizable',
    'warning',
    /ends at 4 CPUs and 4096 MiB/,
    {
      serviceOffering: {
        items: [{ ...SERVICE_OFFERING, serviceofferingdetails: { maxcpunumber: '4', maxmemory: '4096' } }],
      },
    },
  ],
  [
    'disk-offering-takes-any-size',
    'fail',
    /fixed at 20 GiB/,
    { diskOffering: { items: [{ ...DISK_OFFERING, iscustomized: false, disksize: 20 }] } },
  ],
  [
    'disk-offering-takes-any-size',
    'warning',
    /none below 10 GiB/,
    { capability: { ...GOOD.capability, customdiskofferingminsize: 10 } },
  ],
  [
    'disk-offering-takes-any-size',
    'warning',
    /none above 500 GiB/,
    { capability: { ...GOOD.capability, customdiskofferingmaxsize: 500 } },
  ],
  [
    'disk-offering-takes-any-size',
    'warning',
    /local storage/,
    { diskOffering: { items: [{ ...DISK_OFFERING, storagetype: 'local' }] } },
  ],
  [
    'network-is-usable',
    'fail',
    /another zone/,
    { network: { items: [{ ...NETWORK, tags: [], zoneid: 'z2' }] } },
  ],
  [
    'test-network-offering-is-isolated',
    'fail',
    /Shared/,
    { networkOffering: { items: [{ ...NETWORK_OFFERING, guestiptype: 'Shared' }] } },
  ],
  [
    'test-network-offering-is-isolated',
    'warning',
    /no DHCP/,
    { networkOffering: { items: [{ ...NETWORK_OFFERING, guestiptype: 'L2' }] } },
  ],
  [
    'appliance-has-free-slots',
    'fail',
    /16 of 16/,
    { applianceVolumes: { items: Array.from({ length: 16 }, (_, n) => volume(n)) } },
  ],
  [
    'appliance-has-free-slots',
    'warning',
    /30 of 32/,
    {
      hypervisors: { items: [], problem: FORBIDDEN },
      applianceVolumes: { items: Array.from({ length: 30 }, (_, n) => volume(n)) },
    },
  ],
  [
    'account-has-room',
    'fail',
    /no machines and no GiB of primary storage left/,
    { accounts: { items: [{ ...account, vmavailable: 0, primarystorageavailable: 0 }] } },
  ],
  ['account-has-room', 'skipped', /not for you/, { accounts: { items: [], problem: FORBIDDEN } }],
  [
    'storage-takes-root-disks',
    'warning',
    /managed storage: nfs1/,
    { pools: { items: [{ ...pool, managed: true }] } },
  ],
  [
    'storage-takes-root-disks',
    'warning',
    /one cluster only: nfs1/,
    { pools: { items: [{ ...pool, scope: 'CLUSTER' }] } },
  ],
  [
    'storage-takes-root-disks',
    'fail',
    /the tags of the disk offering \(slow\)/,
    { diskOffering: { items: [{ ...DISK_OFFERING, tags: 'slow' }] } },
  ],
  [
    'installation-has-capacity',
    'warning',
    /Nearly full: primary storage\./,
    { capacity: { items: [{ type: 2, capacitytotal: 100, capacityused: 95 }] } },
  ],
  ['hosts-start-uefi', 'warning', /No host/, { hosts: { items: [{ ...host, ueficapability: false }] } }],
  ...(
    [
      ['storage-takes-root-disks', 'pools'],
      ['installation-has-capacity', 'capacity'],
      ['hosts-start-uefi', 'hosts'],
    ] as const
  ).map(([check, list]): Case => [
    check,
    'skipped',
    /told to administrators only/,
    { [list]: { items: [], problem: FORBIDDEN } },
  ]),
];

it.each(CASES)('%s: %s, %s', (check, outcome, message, wrong) => {
  const found = find({ ...GOOD, ...wrong })[check];
  expect(found).toMatchObject({ outcome, message: expect.stringMatching(message) as string });
  expect(found?.remedy).toMatch(/^[A-Z].*\.$/);
});

it('every check can fail, warn or be skipped, and a case above shows it', () => {
  expect(CHECKS.map(({ check }) => check).filter((check) => !CASES.some(([name]) => name === check))).toEqual(
    [],
  );
});
