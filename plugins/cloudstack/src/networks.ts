import { MigrationError } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, NetworkRef, Provision, TargetNetwork } from '@ossea/plugin-sdk';
import { madeOnce, pause, type Cloud } from './cloud.js';
import {
  networkOfferingSchema,
  networkSchema,
  successSchema,
  type Network,
  type Params,
} from './client/index.js';
import { guarded } from './guarded.js';
import { readNetwork } from './machine-networks.js';
import { KEY_TAG, carries, markIn, markOf, markedName, tag, tagOf } from './marks.js';
import { readOne } from './read-one.js';

const REMOVE_TRIES = 5;

/** Networks of the account, and those that are made for a test and go with it. */
export class Networks implements Provision<{ readonly name: string }, NetworkRef> {
  constructor(private readonly cloud: Cloud) {}

  /** All networks a card can be put on. */
  list(options: CallOptions): Promise<readonly TargetNetwork[]> {
    return guarded(options, async () => {
      const params = { zoneid: this.cloud.settings.zoneId, canusefordeploy: true, listall: true };
      const found = await this.cloud.client.list('listNetworks', params, networkSchema, options);
      return found.map((network) => ({ ref: network.id, name: network.name, isolated: isOurs(network) }));
    });
  }

  /**
   * A network with a domain of its own (a name that the machine has elsewhere too would be refused in one domain), and
   * with the addresses of the network that machines come from, so that the guest finds what it is configured for.
   */
  create(
    { name }: { readonly name: string },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<NetworkRef> {
    return guarded(options, async () => {
      const { key } = options;
      const mark = markOf('network', key);
      const network = await madeOnce(
        () => this.one(mark, options),
        async () => {
          const params = await this.paramsOf(markedName(name, mark), mark, options);
          await this.cloud.client.write('createNetwork', params, networkSchema, options);
        },
        options,
      );
      for (const twin of await this.allOf(mark, options))
        if (twin.id !== network.id && tagOf(twin, KEY_TAG) === undefined) await this.delete(twin.id, options);
      await tag(this.cloud, 'network', network, { [KEY_TAG]: key }, options);
      return network.id;
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: NetworkRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const network = await this.one(markOf('network', key), options);
      return network && { ref: network.id, complete: tagOf(network, KEY_TAG) === key };
    });
  }

  remove(ref: NetworkRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const network = await this.read(ref, options);
      if (!network) return;
      if (!isOurs(network))
        throw new MigrationError('request.conflict', `The network "${network.name}" was not made by us.`);
      await this.delete(ref, options);
    });
  }

  /** A machine that was expunged a moment ago still has its cards there: CloudStack refuses until it lets go. */
  private async delete(id: string, options: CallOptions): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.cloud.client.job('deleteNetwork', { id }, successSchema, options);
        return;
      } catch (fault) {
        options.signal.throwIfAborted();
        if (!(await this.read(id, options))) return;
        if (tries === REMOVE_TRIES) throw fault;
        await pause(this.cloud, options);
      }
    }
  }

  private async paramsOf(name: string, mark: string, options: CallOptions): Promise<Params> {
    const { zoneId, testNetworkOfferingId, networkId } = this.cloud.settings;
    const offerings = await this.cloud.client.list(
      'listNetworkOfferings',
      { id: testNetworkOfferingId },
      networkOfferingSchema,
      options,
    );
    const offering = offerings.find((one) => one.id === testNetworkOfferingId);
    if (!offering)
      throw new MigrationError(
        'resource.not-found',
        'The network offering for tests does not exist any more.',
      );
    const params = { zoneid: zoneId, networkofferingid: testNetworkOfferingId, name, displaytext: name };
    // L2 has neither addresses nor names
    if (/^l2$/i.test(offering.guestiptype ?? '')) return params;
    const { gateway, netmask } = await readNetwork(this.cloud, networkId, options);
    return {
      ...params,
      networkdomain: `${mark}.test`,
      ...(gateway === undefined || netmask === undefined ? {} : { gateway, netmask }),
    };
  }

  private async read(id: string, options: CallOptions): Promise<Network | undefined> {
    const network = await readOne(this.cloud, 'listNetworks', id, networkSchema, options);
    return network && network.state !== 'Destroy' ? network : undefined;
  }

  private async one(mark: string, options: CallOptions): Promise<Network | undefined> {
    const found = await this.allOf(mark, options);
    return found.find((network) => tagOf(network, KEY_TAG) !== undefined) ?? found[0];
  }

  private async allOf(mark: string, options: CallOptions): Promise<Network[]> {
    const params = { keyword: mark, listall: true };
    const found = await this.cloud.client.list('listNetworks', params, networkSchema, options);
    return found
      .filter((network) => carries(network.name, mark) && network.state !== 'Destroy')
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

function isOurs(network: Network): boolean {
  return tagOf(network, KEY_TAG) !== undefined || markIn(network.name) !== undefined;
}
