import { createXXHash128 } from 'hash-wasm';
import { CLUSTER_BYTES, type ClusterDigest } from './port.js';

/** Makes digests of clusters; synchronous once it is made. */
export type ClusterHasher = (cluster: Uint8Array) => ClusterDigest;

/** XXH3-128 with seed 0, hexadecimal in canonical (big-endian) order, as libxxhash prints it. */
export async function createClusterHasher(): Promise<ClusterHasher> {
  const hash = await createXXHash128();
  return (cluster) => hash.init().update(cluster).digest('hex');
}

const ZEROES = Buffer.alloc(CLUSTER_BYTES);

/** Looks at every byte; `bytes` is at most one cluster. */
export function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, ZEROES.subarray(0, bytes.length)) === 0;
}
