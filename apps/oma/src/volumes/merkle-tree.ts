import { createHash } from 'node:crypto';

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return sha.digest();
};

/** The hash of one leaf; equal leaves may be hashed once. */
export const merkleLeaf = (bytes: Uint8Array): Buffer => hash(LEAF, bytes);

/**
 * A Merkle tree hash over SHA-256, as RFC 6962 section 2.1 defines it: leaves and nodes are hashed apart, and a
 * last odd node is carried up as it is. Holds one hash a level, so a disk of any size can be streamed through it.
 */
export class MerkleTree {
  /** Roots of the whole subtrees so far, the largest first, with the number of leaves below each. */
  private readonly roots: { readonly leaves: number; readonly root: Buffer }[] = [];

  /** @param leaf what `merkleLeaf` gave. */
  add(leaf: Buffer): void {
    let top = { leaves: 1, root: leaf };
    for (let last = this.roots.at(-1); last?.leaves === top.leaves; last = this.roots.at(-1)) {
      this.roots.pop();
      top = { leaves: last.leaves * 2, root: hash(NODE, last.root, top.root) };
    }
    this.roots.push(top);
  }

  /** Hexadecimal; of no leaves at all: the hash of nothing. */
  root(): string {
    const last = this.roots.at(-1);
    if (!last) return hash().toString('hex');
    return this.roots
      .slice(0, -1)
      .reduceRight((right, { root }) => hash(NODE, root, right), last.root)
      .toString('hex');
  }
}
