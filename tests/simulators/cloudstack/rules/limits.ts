import { ApiError } from '../protocol/api-error.js';
import type { CloudstackSettings, ResourceLimits } from '../settings.js';
import type { Account } from '../state/model.js';
import type { World } from '../state/world.js';

const GIB = 2 ** 30;

interface Resource {
  /** As error texts and listResourceLimits call it. */
  readonly name: string;
  readonly type: number;
  readonly limit?: keyof ResourceLimits;
  /** How much of it an account has; storage in GiB. */
  readonly used: (world: World, account: Account) => number;
}

const none = (): number => 0;
const countOf =
  (rows: (world: World) => readonly { readonly account: Account | undefined }[]) =>
  (world: World, account: Account): number =>
    rows(world).filter((row) => row.account === account).length;

/** Everything that is limited, by its number. */
export const RESOURCES: readonly Resource[] = [
  { name: 'user_vm', type: 0, limit: 'instances', used: countOf(({ machines }) => machines.all()) },
  { name: 'public_ip', type: 1, used: none },
  { name: 'volume', type: 2, limit: 'volumes', used: countOf(({ volumes }) => volumes.all()) },
  { name: 'snapshot', type: 3, limit: 'snapshots', used: countOf((world) => world.goodSnapshots()) },
  { name: 'template', type: 4, used: none },
  { name: 'project', type: 5, used: none },
  { name: 'network', type: 6, limit: 'networks', used: countOf(({ networks }) => networks.all()) },
  { name: 'vpc', type: 7, used: none },
  { name: 'cpu', type: 8, used: none },
  { name: 'memory', type: 9, used: none },
  {
    name: 'primary_storage',
    type: 10,
    limit: 'primaryStorageGib',
    used: (world, account) => world.gibOf(account),
  },
  {
    name: 'secondary_storage',
    type: 11,
    limit: 'secondaryStorageGib',
    used: (world, account) =>
      world
        .goodSnapshots()
        .filter((snapshot) => snapshot.account === account && !snapshot.onPrimary)
        .reduce(
          (sum, { state, sizeBytes, physicalBytes }) =>
            sum + (state === 'BackedUp' ? physicalBytes : sizeBytes),
          0,
        ) / GIB,
  },
];

export const limitOf = ({ limits }: CloudstackSettings, { limit }: Resource): number =>
  limit === undefined ? -1 : limits[limit];

/** Throws when an account may not have so much more. */
export function checkLimit(
  cloud: { readonly world: World; readonly settings: CloudstackSettings },
  account: Account,
  more: Partial<Readonly<Record<keyof ResourceLimits, number>>>,
): void {
  if (account.isRootAdmin) return;
  for (const [limit, amount] of Object.entries(more)) {
    const resource = RESOURCES.find((one) => one.limit === limit)!;
    const most = limitOf(cloud.settings, resource);
    const used = resource.used(cloud.world, account);
    if (most < 0 || used + amount <= most) continue;
    throw new ApiError(
      'allocation',
      `Maximum amount of resources of Type = '${resource.name}' for Account Name = ${account.name} in Domain Id = ` +
        `${account.domainId} is exceeded: Account Resource Limit = ${inWords(most, limit)}, Current Account Resource ` +
        `Amount = ${inWords(used, limit)}, Requested Resource Amount = ${inWords(amount, limit)}.`,
    );
  }
}

const inWords = (amount: number, limit: string): string =>
  limit.endsWith('Gib') ? `(${amount.toFixed(2)} GB) ${Math.round(amount * GIB)}` : String(amount);
