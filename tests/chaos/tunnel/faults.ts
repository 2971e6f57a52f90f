import type { DividedSite } from './divided-site.js';

export interface Fault {
  readonly name: string;
  /** Whether it lasts; else it happens, and is over when `begin` comes back. */
  readonly lasts: boolean;
  readonly begin: (site: DividedSite) => Promise<void>;
  readonly end?: (site: DividedSite) => Promise<void>;
}

const heal = (site: DividedSite) => site.network.heal();

/** A frozen process; its connections stay open, and the kernel goes on to acknowledge what comes. */
function frozen(name: string, pidsOf: (site: DividedSite) => Promise<number[]>): Fault {
  let pids: number[] = [];
  const signal = (what: NodeJS.Signals) => {
    for (const pid of pids) {
      try {
        process.kill(pid, what);
      } catch {
        // its supervisor has ended it meanwhile
      }
    }
  };
  return {
    name,
    lasts: true,
    begin: async (site) => {
      pids = await pidsOf(site);
      signal('SIGSTOP');
    },
    end: async () => signal('SIGCONT'),
  };
}

/** What is done to a tunnel; in the order in which short runs take them. */
export const FAULTS: readonly Fault[] = [
  { name: 'packets dropped both ways', lasts: true, begin: (site) => site.network.drop('both'), end: heal },
  { name: 'the NAT forgets its mappings', lasts: false, begin: (site) => site.network.forgetMappings() },
  frozen('the VMA is frozen', async ({ vma }) => [vma.pid]),
  frozen('the tunnel server is frozen', async (site) => [await site.tunnelServerPid()]),
  {
    name: 'packets dropped to the OMA',
    lasts: true,
    begin: (site) => site.network.drop('to-oma'),
    end: heal,
  },
  {
    name: 'packets dropped to the VMA',
    lasts: true,
    begin: (site) => site.network.drop('to-vma'),
    end: heal,
  },
  frozen('the OMA is frozen', async ({ oma }) => [oma.pid]),
  frozen('the OMA and its tunnel server are frozen', async (site) => [
    site.oma.pid,
    await site.tunnelServerPid(),
  ]),
  {
    name: 'partition, and the NAT forgets meanwhile',
    lasts: true,
    begin: async ({ network }) => {
      await network.drop('both');
      await network.forgetMappings();
    },
    end: heal,
  },
  {
    name: 'the OMA is restarted',
    lasts: false,
    begin: async ({ oma }) => {
      await oma.stop();
      await oma.start();
    },
  },
  {
    name: 'the OMA is killed and started again',
    lasts: false,
    begin: async ({ oma }) => {
      await oma.kill();
      await oma.start();
    },
  },
];
