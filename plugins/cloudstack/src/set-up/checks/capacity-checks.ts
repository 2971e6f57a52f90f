import type { Account } from '../../client/index.js';
import type { Facts } from '../facts.js';
import {
  fail,
  forAdministrators,
  notListed,
  pass,
  skipped,
  warning,
  type Check,
  type Outcome,
} from './check.js';

/** CloudStack's default for KVM since 4.6; administrators' keys tell the present one. */
export const DEFAULT_DATA_DISKS = 32;
const FEW_SLOTS = 4;
const FULL = 0.9;
/** CloudStack Capacity: types of listCapacity. */
const STORAGE_TYPES: Readonly<Record<number, string>> = {
  2: 'primary storage',
  3: 'primary storage (allocated)',
  6: 'secondary storage',
};
/** What of the account's allowance is used up, by a migration of one machine with one disk. */
const ALLOWANCES: readonly (readonly [keyof Account, string])[] = [
  ['vmavailable', 'machines'],
  ['volumeavailable', 'volumes'],
  ['snapshotavailable', 'snapshots'],
  ['primarystorageavailable', 'GiB of primary storage'],
  ['secondarystorageavailable', 'GiB of secondary storage'],
  ['networkavailable', 'networks'],
  ['cpuavailable', 'CPUs'],
  ['memoryavailable', 'MiB of memory'],
];

/** Room: at the appliance, in the account, and at the installation. */
export const CAPACITY_CHECKS: readonly Check[] = [
  {
    check: 'appliance-has-free-slots',
    title: 'The appliance has room for volumes',
    of: (facts) => {
      if (facts.applianceVolumes.problem) return notListed(facts.applianceVolumes.problem);
      const most = dataDisksOf(facts);
      const used = facts.applianceVolumes.items.filter(({ type }) => type !== 'ROOT').length;
      const message = `${used} of ${most} volumes are attached to it.`;
      const remedy = 'Detach volumes that are not needed, or set up another appliance.';
      if (used >= most) return fail(message, remedy, 'volume.no-slot');
      return most - used <= FEW_SLOTS
        ? warning(`${message} Each disk that is replicated needs one.`, remedy)
        : pass(message);
    },
  },
  {
    check: 'account-has-room',
    title: 'The limits of the account leave room',
    of: ({ accounts: { items, problem } }) => {
      if (problem) return notListed(problem);
      const [account] = items;
      if (account === undefined || items.length > 1)
        return skipped(
          'Whose the keys are is not told clearly, and so nothing is known of its limits.',
          'Look at the limits of the account in CloudStack.',
        );
      return roomOf(account);
    },
  },
  {
    check: 'storage-takes-root-disks',
    title: 'The storage can hand disks from the appliance to machines',
    of: ({ pools: { items, problem }, diskOffering }) => {
      if (problem) return forAdministrators(problem, 'What storage there is');
      const tags = (diskOffering.items[0]?.tags ?? '').split(',').filter(Boolean);
      const usable = items.filter((pool) => tags.every((tag) => (pool.tags ?? '').split(',').includes(tag)));
      const managed = usable.filter((pool) => pool.managed === true).map(({ name }) => name);
      const clustered = usable.filter(({ scope }) => /^cluster$/i.test(scope ?? '')).map(({ name }) => name);
      if (usable.length === 0 && items.length > 0)
        return fail(
          `No storage of the zone has the tags of the disk offering (${tags.join(', ')}).`,
          'Choose another disk offering, or have the storage tagged.',
          'capacity.exhausted',
        );
      if (managed.length > 0)
        return warning(
          `CloudStack does not attach or detach root disks of managed storage: ${managed.join(', ')}.`,
          'Choose a disk offering whose tags lead to other storage.',
        );
      return clustered.length > 0
        ? warning(
            `Storage of one cluster only: ${clustered.join(', ')}. A volume that is attached in another cluster is copied there first.`,
            'Keep the appliance in the cluster of the machines, or use storage of the whole zone.',
          )
        : pass('The storage that the disk offering leads to is not managed and is of the whole zone.');
    },
  },
  {
    check: 'installation-has-capacity',
    title: 'The zone has storage left',
    of: ({ capacity: { items, problem } }) => {
      if (problem) return forAdministrators(problem, 'What capacity is left');
      const full = items.filter(
        ({ type, capacityused: used = 0, capacitytotal: total = 0 }) =>
          type in STORAGE_TYPES && total > 0 && used / total > FULL,
      );
      const names = [...new Set(full.map(({ type }) => STORAGE_TYPES[type] ?? ''))];
      return names.length === 0
        ? pass('No storage is nearly full.')
        : warning(
            `Nearly full: ${names.join(', ')}.`,
            'Add storage, or free some, before large disks are moved.',
          );
    },
  },
  {
    check: 'hosts-start-uefi',
    title: 'Hosts can start machines with UEFI',
    of: ({ hosts: { items, problem } }) => {
      if (problem) return forAdministrators(problem, 'What hosts can do');
      const kvm = items.filter(({ hypervisor }) => hypervisor === undefined || hypervisor === 'KVM');
      const able = kvm.filter(({ ueficapability }) => ueficapability === true);
      if (able.length === kvm.length && kvm.length > 0) return pass(`All ${kvm.length} hosts can.`);
      return able.length > 0
        ? pass(`${able.length} of ${kvm.length} hosts can.`)
        : warning(
            'No host of the zone says that it can: machines with UEFI could not be started.',
            'Install OVMF on the hosts and set it up in uefi.properties of their agents, where such machines are moved.',
          );
    },
  },
];

/** How many data disks the appliance may have. */
export function dataDisksOf({ hypervisors, appliance }: Pick<Facts, 'hypervisors' | 'appliance'>): number {
  const limits = hypervisors.items
    .filter(
      ({ hypervisor }) =>
        hypervisor === undefined || hypervisor === (appliance.items[0]?.hypervisor ?? 'KVM'),
    )
    .flatMap(({ maxdatavolumeslimit }) => maxdatavolumeslimit ?? []);
  // rows are by version of the hypervisor, and which one counts is not told
  return limits.length === 0 ? DEFAULT_DATA_DISKS : Math.min(...limits);
}

function roomOf(account: Account): Outcome {
  const left = ALLOWANCES.flatMap(([field, name]) => {
    const value = account[field];
    return typeof value === 'number' ? [{ name, value }] : [];
  });
  const none = left.filter(({ value }) => value < 1).map(({ name }) => name);
  if (none.length > 0)
    return fail(
      `The account "${account.name}" has no ${none.join(' and no ')} left.`,
      'Free some, or have the limits of the account raised.',
      'quota.exhausted',
    );
  if (left.length === 0)
    return skipped('The server does not tell the limits of the account.', 'Look at them in CloudStack.');
  const bounded = left.filter(({ value }) => value !== Number.POSITIVE_INFINITY);
  return pass(
    bounded.length === 0
      ? `The account "${account.name}" has no limits.`
      : `The account "${account.name}" has left: ${bounded.map(({ name, value }) => `${value} ${name}`).join(', ')}.`,
  );
}
