import { join } from 'node:path';
import {
  GRANTED_SILENT,
  REFUSED,
  agentGreeting,
  ownAgent,
  whereNulIsIgnored,
  type Ask,
  type Asking,
} from './asking.js';
import { firstLineAt } from './greeters.js';
import { askGlobally, listenAt, offer, string } from './raw-client.js';

type Port = (asking: Asking) => number;
const agent: Port = ({ mine }) => mine.agentPort;
const exactly =
  (port: number): Port =>
  () =>
    port;

async function listen(asking: Asking, host: string, port: number): Promise<string> {
  if (!(await offer(await asking.client(), host, port, agentGreeting(asking.mine)))) return REFUSED;
  return (await firstLineAt(asking.mine.agentEndpoint)) ?? GRANTED_SILENT;
}

const listener = (what: string, host: string, port: Port): Ask => ({
  what: `to listen on ${what}`,
  run: (asking) => listen(asking, host, port(asking)),
});
const globally = (what: string, name: string, data: (asking: Asking) => Buffer): Ask => ({
  what,
  run: async (asking) =>
    (await askGlobally(await asking.client(), name, data(asking))) ? 'granted' : REFUSED,
});

/** What is, or could be taken for, the address that may be asked for. */
const OTHER_HOSTS = [
  ...['', '*', '0.0.0.0', '::', 'localhost', '::1', '::ffff:127.0.0.1', '127.0.0.2', '127.1', '0x7f000001'],
  ...['2130706433', '127.0.0.1 ', '127.0.0.1\0.example', '192.0.2.1'],
];
const socketPath = ({ around }: Asking): Buffer => string(join(around.untouched, 'socket'));
const endpointPort = (vma: Asking['mine']): number =>
  'port' in vma.agentEndpoint ? vma.agentEndpoint.port : vma.agentPort;

/** Cancels what the other VMA has, and looks whether it still has it. */
const cancelTheirs = (what: string, port: (vma: Asking['mine']) => number): Ask => ({
  what,
  async run(asking) {
    await asking.offerAgent(asking.theirs);
    const data = listenAt('127.0.0.1', port(asking.theirs));
    const granted = await askGlobally(await asking.client(), 'cancel-tcpip-forward', data);
    const still = (await firstLineAt(asking.theirs.agentEndpoint)) === agentGreeting(asking.theirs);
    return still ? (granted ? 'granted' : REFUSED) : 'the other VMA has lost its listener';
  },
});

export const LISTENER_ASKS: readonly Ask[] = [
  { ...listener('the address of its own agent', '127.0.0.1', agent), opens: ownAgent },
  {
    ...listener('that address, with a NUL at its end', '127.0.0.1\0', agent),
    opens: whereNulIsIgnored(ownAgent),
  },
  {
    what: 'to listen for its agent a second time',
    async run(asking) {
      await listen(asking, '127.0.0.1', asking.mine.agentPort);
      asking.mayListen(asking.principal.may === 'forward' ? asking.mine.agentListeners : []);
      return listen(asking, '127.0.0.1', asking.mine.agentPort);
    },
  },
  ...OTHER_HOSTS.map((host) => listener(`${JSON.stringify(host)} at its agent’s port`, host, agent)),
  listener('any port', '127.0.0.1', exactly(0)),
  listener('any port of every address', '', exactly(0)),
  listener('the next port', '127.0.0.1', (asking) => agent(asking) + 1),
  listener('its NBD port', '127.0.0.1', ({ mine }) => mine.nbdPort),
  listener('its agent’s port plus 65536', '127.0.0.1', (asking) => agent(asking) + 65_536),
  {
    what: 'to listen where the other VMA’s agent is offered, while it is away',
    run: (asking) =>
      // with one number for all, the real listener is what could be taken away
      listen(asking, '127.0.0.1', endpointPort(asking.theirs)),
  },
  globally('to listen on a Unix socket', 'streamlocal-forward@openssh.com', socketPath),
  globally('to give up a Unix socket', 'cancel-streamlocal-forward@openssh.com', socketPath),
  cancelTheirs('to give up the other VMA’s listener', endpointPort),
  cancelTheirs('to give up the other VMA’s listener by its number', ({ agentPort }) => agentPort),
  globally('to give up a listener that it never had', 'cancel-tcpip-forward', (asking) =>
    listenAt('127.0.0.1', agent(asking)),
  ),
  globally('to give up every listener', 'cancel-tcpip-forward', () => listenAt('', 0)),
  globally('an unknown global request', 'unknown@ossea.example', () => Buffer.alloc(0)),
];
