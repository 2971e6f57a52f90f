import type { CallOptions, IdempotencyKey } from './values.js';

/**
 * Anything the product brings into being on someone else's platform.
 *
 * The caller chooses the key and writes it into its ledger before it calls `create`, so after a crash
 * it can always ask `find` whether the thing exists.
 */
export interface Provision<Spec, Ref extends string> {
  /** The same key always yields the same resource; finishes one that a crash left incomplete. */
  create(spec: Spec, options: CallOptions & { readonly key: IdempotencyKey }): Promise<Ref>;
  /** Whether the thing exists, and whether `create` had finished it. An unknown key is `undefined`. */
  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: Ref; readonly complete: boolean } | undefined>;
  /** Removing what is already gone succeeds. */
  remove(ref: Ref, options: CallOptions): Promise<void>;
}
