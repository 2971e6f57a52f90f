import type { CallOptions } from '@ossea/plugin-sdk';
import type { HostFacts } from './concerns/machine-concerns.js';
import { InventoryPaths } from './inventory-paths.js';
import type { HostProduct } from './known-bad-tracking.js';
import type { SnapshotDisk } from './transports/index.js';
import {
  decodeVimName,
  readMany,
  readProperties,
  type ManagedObjectReference,
  type VimClient,
  type VirtualDevice,
  type VirtualDisk,
} from './vim25/index.js';
import { backingOf, disksOf } from './virtual-disks.js';
import type { NetworkNames } from './virtual-nics.js';
import type { VmProperties } from './vm-properties.js';

type Storage = SnapshotDisk['datastore'];

/** What a machine refers to: hosts, datastores, networks, and where it lies. */
export interface Surroundings {
  /** Datacenter and folders, from the top. */
  readonly above: readonly string[];
  readonly host: HostFacts | undefined;
  /** `cluster/host`. */
  readonly runsOn: string | undefined;
  readonly datastores: ReadonlyMap<string, { readonly name: string; readonly type: string }>;
  readonly networks: NetworkNames;
  storageOf(disk: VirtualDisk): Storage;
}

/** Reads it, one question a kind. */
export async function readSurroundings(
  client: VimClient,
  vm: VmProperties,
  call: CallOptions,
): Promise<Surroundings> {
  const paths = new InventoryPaths(client, call);
  const host = vm['runtime.host'] && (await hostOf(client, vm['runtime.host'], call));
  const datastores = await datastoresOf(client, disksOf(vm), call);
  const datacenterPath = await paths.datacenterPath(vm.parent);
  const cluster = host?.parent && (await paths.above(host.parent)).at(-1);
  const isInCluster = host?.parent?.type === 'ClusterComputeResource';
  return {
    above: await paths.above(vm.parent),
    host,
    runsOn: host && (isInCluster && cluster ? `${cluster}/${host.name}` : host.name),
    datastores,
    networks: await networksOf(client, vm, call),
    storageOf: (disk) => storageOf(disk, datastores, datacenterPath),
  };
}

/** The datastore of one disk, for whoever reads it. */
export async function readStorage(
  client: VimClient,
  vm: Pick<VmProperties, 'parent'>,
  disk: VirtualDisk,
  call: CallOptions,
): Promise<Storage> {
  const datastores = await datastoresOf(client, [disk], call);
  return storageOf(disk, datastores, await new InventoryPaths(client, call).datacenterPath(vm.parent));
}

function storageOf(
  disk: VirtualDisk,
  datastores: Surroundings['datastores'],
  datacenterPath: string,
): Storage {
  const { datastore, fileName = '' } = backingOf(disk);
  const known = datastore && datastores.get(datastore.value);
  const name = known?.name ?? /^\[([^\]]*)\]/.exec(fileName)?.[1] ?? '';
  return { name, type: known?.type ?? 'unknown', datacenterPath };
}

async function hostOf(
  client: VimClient,
  ref: ManagedObjectReference,
  call: CallOptions,
): Promise<HostFacts & { readonly parent?: ManagedObjectReference }> {
  const wanted = ['name', 'parent', 'summary.config.product', 'runtime.inMaintenanceMode'];
  const { props } = await readProperties(client, ref, wanted, call);
  const product = props['summary.config.product'] as HostProduct | undefined;
  const parent = props['parent'] as ManagedObjectReference | undefined;
  return {
    name: decodeVimName(String(props['name'] ?? ref.value)),
    inMaintenanceMode: props['runtime.inMaintenanceMode'] === true,
    ...(product ? { product } : {}),
    ...(parent ? { parent } : {}),
  };
}

async function datastoresOf(
  client: VimClient,
  disks: readonly VirtualDisk[],
  call: CallOptions,
): Promise<Map<string, { readonly name: string; readonly type: string }>> {
  const refs = unique(disks.map((disk) => backingOf(disk).datastore));
  const found = await readMany(client, refs, ['name', 'summary.type'], call);
  return new Map(
    found.map(({ obj, props }) => [
      obj.value,
      { name: decodeVimName(String(props['name'])), type: String(props['summary.type'] ?? 'unknown') },
    ]),
  );
}

interface CardBacking {
  readonly network?: ManagedObjectReference;
  readonly port?: { readonly portgroupKey?: string };
}

async function networksOf(client: VimClient, vm: VmProperties, call: CallOptions): Promise<NetworkNames> {
  const backings = (vm['config.hardware']?.device ?? []).map(
    ({ backing }: VirtualDevice) => (backing ?? {}) as unknown as CardBacking,
  );
  // the key of a distributed port group is its managed-object id
  const groups = backings.flatMap(({ port }) =>
    port?.portgroupKey ? [{ type: 'DistributedVirtualPortgroup', value: port.portgroupKey } as const] : [],
  );
  const refs = unique([...backings.map(({ network }) => network), ...groups]);
  const names = new Map<string, string>();
  const read = await readMany(client, refs, ['name'], call);
  for (const { obj, props } of read) names.set(obj.value, decodeVimName(String(props['name'])));
  return {
    byRef: ({ value }) => names.get(value),
    byPortgroupKey: (key) => names.get(key),
    byOpaqueId: () => undefined,
  };
}

function unique(refs: readonly (ManagedObjectReference | undefined)[]): ManagedObjectReference[] {
  return [...new Map(refs.flatMap((ref) => (ref ? [[ref.value, ref]] : []))).values()];
}
