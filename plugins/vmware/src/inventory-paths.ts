import type { CallOptions } from '@ossea/plugin-sdk';
import {
  decodeVimName,
  readProperties,
  retrieveObjects,
  type ManagedObjectReference,
  type VimClient,
} from './vim25/index.js';

interface Place {
  readonly type: string;
  /** As vSphere gives it: a slash in a name is `%2f`. */
  readonly rawName: string;
  readonly parent?: ManagedObjectReference;
}

/**
 * Names of what lies above machines: folders, datacenters, clusters. Read when they are needed and kept for the
 * length of one call, so that a rename is seen by the next one.
 */
export class InventoryPaths {
  private readonly places = new Map<string, Promise<Place>>();

  constructor(
    private readonly client: VimClient,
    private readonly call: CallOptions,
  ) {}

  /** Reads all folders and datacenters at once: there are few of them, and many machines ask. */
  async readFolders(): Promise<void> {
    for (const type of ['Folder', 'Datacenter'] as const)
      for await (const { obj, props } of retrieveObjects(
        this.client,
        { type, paths: ['name', 'parent'] },
        this.call,
      ))
        this.places.set(obj.value, Promise.resolve(placeOf(obj, props)));
  }

  /** What a machine or a datastore lies in, the datacenter first: `["DC0", "production", "web"]`. */
  async above(parent: ManagedObjectReference | undefined): Promise<string[]> {
    const names = await this.chain(parent);
    return names.filter(({ hidden }) => !hidden).map(({ place }) => decodeVimName(place.rawName));
  }

  /** The inventory path of the datacenter that something lies in, which `/folder` calls `dcPath`. */
  async datacenterPath(parent: ManagedObjectReference | undefined): Promise<string> {
    const chain = await this.chain(parent);
    const at = chain.findIndex(({ place }) => place.type === 'Datacenter');
    return chain
      .slice(0, at + 1)
      .filter(({ hidden }) => !hidden)
      .map(({ place }) => place.rawName)
      .join('/');
  }

  /** From the top. The root folder and the folders that vSphere puts below each datacenter are not for people. */
  private async chain(
    from: ManagedObjectReference | undefined,
  ): Promise<{ readonly place: Place; readonly hidden: boolean }[]> {
    const found: Place[] = [];
    for (let at = from; at !== undefined && found.length < 64;) {
      const place = await this.place(at);
      found.unshift(place);
      at = place.parent;
    }
    return found.map((place, i) => ({
      place,
      hidden:
        i === 0 ? place.type === 'Folder' : place.type === 'Folder' && found[i - 1]?.type === 'Datacenter',
    }));
  }

  private place(ref: ManagedObjectReference): Promise<Place> {
    const known = this.places.get(ref.value);
    if (known) return known;
    const asked = readProperties(this.client, ref, ['name', 'parent'], this.call).then(({ props }) =>
      placeOf(ref, props),
    );
    this.places.set(ref.value, asked);
    return asked;
  }
}

function placeOf({ type }: ManagedObjectReference, props: Readonly<Record<string, unknown>>): Place {
  const parent = props['parent'] as ManagedObjectReference | undefined;
  return { type, rawName: String(props['name'] ?? ''), ...(parent ? { parent } : {}) };
}
