import { hostname } from 'node:os';
import { GRANTED_SILENT, REFUSED, ownNbd, whereNulIsIgnored, type Ask, type Asking } from './asking.js';
import { firstLineOf } from './greeters.js';
import { openChannel, string, uint32 } from './raw-client.js';

type Port = (asking: Asking) => number;
const nbd: Port = ({ mine }) => mine.nbdPort;
const database: Port = ({ around }) => around.databasePort;
const exactly =
  (port: number): Port =>
  () =>
    port;

/** Opens a channel and reads who is behind it. */
async function through(asking: Asking, type: string, data: Buffer): Promise<string> {
  const channel = await openChannel(await asking.client(), type, data);
  if (!channel) return REFUSED;
  channel.on('error', () => channel.destroy());
  return (await firstLineOf(channel)) ?? GRANTED_SILENT;
}

export const tcpTarget = (host: string, port: number): Buffer =>
  Buffer.concat([string(host), uint32(port), string('127.0.0.1'), uint32(1)]);
export const unixTarget = (path: string): Buffer => Buffer.concat([string(path), string(''), uint32(0)]);

const direct = (what: string, host: string, port: Port, opens?: Ask['opens']): Ask => ({
  what: `a channel to ${what}`,
  ...(opens ? { opens } : {}),
  run: (asking) => through(asking, 'direct-tcpip', tcpTarget(host, port(asking))),
});
const other = (type: string, data: (asking: Asking) => Buffer): Ask => ({
  what: `a channel of type ${type}`,
  run: (asking) => through(asking, type, data(asking)),
});

/** What leads to the own NBD server if somebody resolves it: none of it may. */
const NAMES_OF_LOOPBACK = [
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    '127.1',
    '127.0.1',
    '127.0.0.2',
  ],
  ...[
    '0x7f000001',
    '0x7f.0.0.1',
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '127.000.000.001',
    '127.0.0.1.',
  ],
  ...[
    '0.0.0.0',
    '::',
    '0',
    '',
    ' 127.0.0.1',
    '127.0.0.1 ',
    '127.0.0.1\0.example',
    '127.0.0.1\n',
    '*',
    '[127.0.0.1]',
    hostname(),
  ],
];
const shown = (host: string): string => JSON.stringify(host === hostname() ? 'the machine’s name' : host);

export const CHANNEL_ASKS: readonly Ask[] = [
  direct('its own NBD server', '127.0.0.1', nbd, ownNbd),
  // with one number for all, it is one's own again
  direct(
    'the other VMA’s NBD number',
    '127.0.0.1',
    ({ theirs }) => theirs.nbdPort,
    (asking) => (asking.mine.nbdPort === asking.theirs.nbdPort ? ownNbd(asking) : undefined),
  ),
  ...NAMES_OF_LOOPBACK.map((host) => direct(`${shown(host)} at its NBD port`, host, nbd)),
  direct('its NBD server, with a NUL at its end', '127.0.0.1\0', nbd, whereNulIsIgnored(ownNbd)),
  direct('the database', '127.0.0.1', database),
  ...['localhost', '::1', '127.1', '0.0.0.0'].map((host) =>
    direct(`the database at ${host}`, host, database),
  ),
  direct('the tunnel server itself', '127.0.0.1', ({ site }) => site.port),
  direct('port 0', '127.0.0.1', exactly(0)),
  direct('port 22', '127.0.0.1', exactly(22)),
  direct('the next port', '127.0.0.1', (asking) => nbd(asking) + 1),
  // a port that is right only when it is cut off to 16 bits
  direct('its NBD port plus 65536', '127.0.0.1', (asking) => nbd(asking) + 65_536),
  direct('another machine', '192.0.2.1', nbd),
  direct('the agent’s number', '127.0.0.1', ({ mine }) => mine.agentPort),
  {
    what: 'a channel to the listener of its own agent',
    run: (asking) => toListenerOf(asking, asking.mine),
  },
  {
    what: 'a channel to the listener of the other VMA’s agent',
    run: (asking) => toListenerOf(asking, asking.theirs),
  },
  other('direct-streamlocal@openssh.com', ({ around }) => unixTarget(around.unixPath)),
  {
    what: 'a Unix socket by an ordinary channel',
    run: (asking) => through(asking, 'direct-tcpip', tcpTarget(asking.around.unixPath, 0xff_ff_ff_fe)),
  },
  {
    what: 'a nameless Unix socket',
    run: (asking) => through(asking, 'direct-streamlocal@openssh.com', unixTarget('')),
  },
  // these the server opens, never the client
  other('forwarded-tcpip', ({ mine }) => tcpTarget('127.0.0.1', mine.agentPort)),
  other('forwarded-streamlocal@openssh.com', ({ around }) => unixTarget(around.unixPath)),
  other('x11', () => Buffer.concat([string('127.0.0.1'), uint32(6_010)])),
  other('auth-agent@openssh.com', () => Buffer.alloc(0)),
  other('tun@openssh.com', () => Buffer.concat([uint32(1), uint32(0x7f_ff_ff_ff)])),
  other('unknown@ossea.example', () => Buffer.alloc(0)),
];

async function toListenerOf(asking: Asking, vma: Asking['mine']): Promise<string> {
  await asking.offerAgent(vma);
  const { agentEndpoint } = vma;
  return 'path' in agentEndpoint && agentEndpoint.path !== undefined
    ? through(asking, 'direct-streamlocal@openssh.com', unixTarget(agentEndpoint.path))
    : through(
        asking,
        'direct-tcpip',
        tcpTarget('127.0.0.1', 'port' in agentEndpoint ? agentEndpoint.port : 0),
      );
}
