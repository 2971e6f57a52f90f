import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the OMA listens, behind nothing. */
export const OMA_ADDRESS = '10.77.1.1';
const NAT_OUTSIDE = '10.77.1.2';
const NAT_INSIDE = '10.77.2.1';
const VMA_ADDRESS = '10.77.2.2';

type Place = 'oma' | 'nat' | 'vma';
export type Way = 'both' | 'to-oma' | 'to-vma';

/** What is dropped on its way through the router, by where it comes in. */
const DROPS: Readonly<Record<Way, string>> = {
  both: 'drop',
  'to-oma': 'iifname "in" drop',
  'to-vma': 'iifname "out" drop',
};

let count = 0;

/**
 * Three network namespaces of our own: the OMA, a router that hides the VMA behind its address, and the VMA. Packets
 * are dropped there, never reset; and the router can forget its mappings, after which an old connection is never
 * answered again. Needs root, `ip`, `nft` and `nsenter`.
 */
export class NatNetwork implements AsyncDisposable {
  private constructor(private readonly name: string) {}

  static async create(): Promise<NatNetwork> {
    count += 1;
    const network = new NatNetwork(`os${process.pid}x${count}`);
    try {
      await network.build();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What a command is put behind to run in a namespace; its process keeps its number. */
  enter(place: Place): string[] {
    return ['nsenter', `--net=/var/run/netns/${this.name}-${place}`];
  }

  /** Drops packets from now on, without a word to either end. */
  async drop(way: Way): Promise<void> {
    await this.heal();
    await this.nft(
      'add table ip fault',
      'add chain ip fault f { type filter hook forward priority 0; }',
      `add rule ip fault f ${DROPS[way]}`,
    );
  }

  /** Drops nothing any more. */
  async heal(): Promise<void> {
    await this.nft('add table ip fault', 'delete table ip fault');
  }

  /**
   * The router loses its mappings, as when it is restarted. New connections get new ones; packets of old ones are
   * dropped from both sides.
   */
  async forgetMappings(): Promise<void> {
    // an interface that goes down takes the mappings of `masquerade` with it
    await this.in('nat', 'ip', 'link', 'set', 'out', 'down');
    await this.in('nat', 'ip', 'link', 'set', 'out', 'up');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const place of ['vma', 'nat', 'oma'] as const)
      await run('ip', ['netns', 'del', `${this.name}-${place}`]).catch(() => undefined);
  }

  private async build(): Promise<void> {
    for (const place of ['oma', 'nat', 'vma'] as const) {
      await run('ip', ['netns', 'add', `${this.name}-${place}`]);
      await this.in(place, 'ip', 'link', 'set', 'lo', 'up');
    }
    await this.link('oma', OMA_ADDRESS, 'out', NAT_OUTSIDE);
    await this.link('vma', VMA_ADDRESS, 'in', NAT_INSIDE);
    await this.in('vma', 'ip', 'route', 'add', 'default', 'via', NAT_INSIDE);
    await this.in(
      'nat',
      ...['sh', '-c'],
      // strict: what belongs to no mapping must not make itself a new one
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose',
    );
    await this.nft(
      'add table ip router',
      'add chain ip router p { type nat hook postrouting priority 100; }',
      'add rule ip router p oifname "out" masquerade',
      'add chain ip router f { type filter hook forward priority -10; }',
      'add rule ip router f ct state invalid drop',
      // the router itself says nothing to packets of a mapping that it has forgotten
      'add chain ip router i { type filter hook input priority 0; }',
      'add rule ip router i ip protocol tcp drop',
    );
  }

  private async link(
    place: 'oma' | 'vma',
    address: string,
    port: string,
    routerAddress: string,
  ): Promise<void> {
    const [theirs, ours] = [`${this.name}-${place}`, `${this.name}-nat`];
    await run('ip', [
      'link',
      'add',
      'net',
      'netns',
      theirs,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      ours,
    ]);
    await this.in(place, 'ip', 'addr', 'add', `${address}/24`, 'dev', 'net');
    await this.in(place, 'ip', 'link', 'set', 'net', 'up');
    await this.in('nat', 'ip', 'addr', 'add', `${routerAddress}/24`, 'dev', port);
    await this.in('nat', 'ip', 'link', 'set', port, 'up');
  }

  private async nft(...commands: readonly string[]): Promise<void> {
    await this.in('nat', 'nft', commands.join('; '));
  }

  private async in(place: Place, ...command: readonly string[]): Promise<void> {
    const [enter = '', ...args] = this.enter(place);
    await run(enter, [...args, ...command]);
  }
}
