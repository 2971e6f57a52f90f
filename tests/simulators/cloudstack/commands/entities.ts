import type { Cloud } from '../cloud.js';
import type { Account, Row } from '../state/model.js';
import type { Entity } from './command.js';

type Found = Partial<Pick<Row, 'removed'>> & { readonly id: string; readonly account?: Account | undefined };

/** Where an id of each kind is looked up; rows that were removed are found as well. */
export const ENTITIES: Readonly<Record<Entity, (cloud: Cloud, id: string) => Found | undefined>> = {
  account: ({ world }, id) => world.accounts.find(id),
  diskOffering: ({ world }, id) => world.diskOfferings.find(id),
  domain: ({ world }, id) => world.domains.find(id),
  host: ({ world }, id) => (world.host.id === id ? world.host : undefined),
  job: ({ jobs }, id) => jobs.jobs.find(id),
  machine: ({ world }, id) => world.machines.find(id),
  network: ({ world }, id) => world.networks.find(id),
  networkOffering: ({ world }, id) => world.networkOfferings.find(id),
  nic: ({ world }, id) => world.machines.all().flatMap(({ nics }) => nics.filter((nic) => nic.id === id))[0],
  osCategory: ({ world }, id) => world.osCategories.find(id),
  osType: ({ world }, id) => world.osTypes.find(id),
  pool: ({ world }, id) => (world.pool.id === id ? world.pool : undefined),
  // there are none
  project: () => undefined,
  serviceOffering: ({ world }, id) => world.serviceOfferings.find(id),
  snapshot: ({ world }, id) => world.snapshots.find(id),
  template: ({ world }, id) => world.templates.find(id),
  user: ({ world }, id) => world.accounts.all().find(({ userId }) => userId === id),
  vmSnapshot: ({ world }, id) => world.vmSnapshots.find(id),
  volume: ({ world }, id) => world.volumes.find(id),
  zone: ({ world }, id) => world.zones.find(id),
};

/** What only its own account and root admins may work with, as error texts call it. */
export const OWNED_ENTITIES: Partial<Readonly<Record<Entity, string>>> = {
  machine: 'VM instance',
  snapshot: 'Snapshot',
  vmSnapshot: 'VMSnapshot',
  volume: 'Volume',
  job: 'AsyncJob',
};
