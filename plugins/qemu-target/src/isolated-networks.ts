import type { CallOptions, IdempotencyKey, NetworkRef, Provision, TargetNetwork } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { idOf } from './identity.js';
import type { Pool } from './pool.js';

/** The network that is always there: QEMU's user mode, out through the host. */
export const DEFAULT_NETWORK: TargetNetwork = { ref: 'default', name: 'default', isolated: false };

/** Networks without a way out: a card on one sees nothing but QEMU's own DHCP and DNS. */
export class IsolatedNetworks implements Provision<{ readonly name: string }, NetworkRef> {
  constructor(private readonly pool: Pool) {}

  create(
    { name }: { readonly name: string },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<NetworkRef> {
    return guarded(options, async () => {
      const id = idOf('network', options.key);
      if (!(await this.pool.networks.read(id)))
        await this.pool.networks.write(id, { version: 1, key: options.key, name });
      return id;
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: NetworkRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const id = idOf('network', key);
      return (await this.pool.networks.read(id)) && { ref: id, complete: true };
    });
  }

  remove(ref: NetworkRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      if (await this.pool.networks.read(ref)) await this.pool.networks.remove(ref);
    });
  }

  /** All networks a card can be put on. */
  list(options: CallOptions): Promise<readonly TargetNetwork[]> {
    return guarded(options, async () => {
      const made = await this.pool.networks.list();
      return [DEFAULT_NETWORK, ...made.map(([ref, { name }]) => ({ ref, name, isolated: true }))];
    });
  }
}
