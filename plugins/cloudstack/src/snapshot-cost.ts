import type { CallOptions } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { ApiFault, storagePoolSchema } from './client/index.js';

/**
 * Storage whose snapshots stay where the volume is, made in a moment. Everything else is copied to secondary storage in
 * full. Not verified at a server: what `listStoragePools` calls each of them.
 */
const INSTANT: ReadonlySet<string> = new Set(['linstor', 'powerflex', 'storpool', 'flasharray', 'primera']);

/**
 * What a snapshot costs here, as the operator says or as the storage does. Only an administrator's key sees the storage;
 * without it, the dear way is taken, which is right everywhere.
 */
export async function snapshotCost(
  { client, settings }: Cloud,
  options: CallOptions,
): Promise<'instant' | 'copies-volume'> {
  if (settings.snapshots === 'instant') return 'instant';
  if (settings.snapshots === 'copied') return 'copies-volume';
  try {
    const params = { zoneid: settings.zoneId };
    const pools = await client.list('listStoragePools', params, storagePoolSchema, options);
    const instant =
      pools.length > 0 && pools.every(({ type, provider }) => isInstant(type) || isInstant(provider));
    return instant ? 'instant' : 'copies-volume';
  } catch (fault) {
    if (!(fault instanceof ApiFault)) throw fault;
    return 'copies-volume';
  }
}

function isInstant(name: string | undefined): boolean {
  return name !== undefined && INSTANT.has(name.toLowerCase());
}
