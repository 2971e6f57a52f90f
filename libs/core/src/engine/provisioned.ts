import { createHash } from 'node:crypto';
import type { CallOptions, IdempotencyKey, Provision } from '@ossea/plugin-sdk';

/**
 * The resource of a key, made if it is not there yet. The key stands in our ledger already, so after a crash
 * between the create and our note of it the resource is found again instead of made twice.
 * Errors are those of the provision.
 */
export async function provisioned<Spec, Ref extends string>(
  provision: Provision<Spec, Ref>,
  spec: Spec,
  key: IdempotencyKey,
  options: CallOptions,
): Promise<Ref> {
  const found = await provision.find(key, options);
  return found?.complete ? found.ref : provision.create(spec, { key, signal: options.signal });
}

/** Removes the resource of a key whether or not we noted its reference; gone already is success. */
export async function unprovisioned<Spec, Ref extends string>(
  provision: Provision<Spec, Ref>,
  key: IdempotencyKey,
  options: CallOptions,
): Promise<void> {
  const found = await provision.find(key, options);
  if (found) await provision.remove(found.ref, options);
}

/**
 * The key of one part (one disk's volume, say) of a resource that has one ledger row.
 * @param part what names the part for as long as it exists, for example a disk key.
 */
export function partKey(key: IdempotencyKey, part: string): IdempotencyKey {
  return `${key}-${createHash('sha256').update(part).digest('hex').slice(0, 12)}`;
}
