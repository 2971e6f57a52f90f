import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { until } from '../stack/probe.js';
import { freePort } from '../stack/free-port.js';
import { REFUSED, agentGreeting, ownAgent, ownNbd, type Ask, type Asking } from './asking.js';
import { firstLineAt, firstLineOf, greet } from './greeters.js';

interface Program {
  /** What it said first, or that it ended. */
  readonly outcome: Promise<string>;
  readonly ended: Promise<number | null>;
}

/** Debian's client with the principal's key and nothing of the user's configuration. */
function run(
  asking: Asking,
  program: 'ssh' | 'sftp' | 'scp',
  args: readonly string[],
  input?: string,
): Program {
  const { site, principal } = asking;
  const options = [
    ...['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'],
    ...['ExitOnForwardFailure=yes', 'ConnectTimeout=10', `User=${principal.username}`, `Port=${site.port}`],
    ...['LogLevel=ERROR', `IdentityFile=${principal.keyFile}`],
  ].flatMap((option) => ['-o', option]);
  const child = spawn(program, ['-F', 'none', ...options, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  asking.later(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const outcome = Promise.race([
    new Promise<string>((resolve) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
      });
    }),
    ended.then((code) => (code === 0 ? 'ended well' : REFUSED)),
  ]);
  return { outcome, ended };
}

const HERE = '127.0.0.1';
const asked = (
  what: string,
  options: (asking: Asking) => readonly string[],
  opens?: Ask['opens'],
  command: (asking: Asking) => readonly string[] = () => [],
): Ask => ({
  what: `ssh ${what}`,
  ...(opens ? { opens } : {}),
  run: (asking) => run(asking, 'ssh', [...options(asking), HERE, ...command(asking)]).outcome,
});
const leaveTrace = ({ around }: Asking) => [`touch '${join(around.untouched, 'trace')}'; echo ran`];

/** Whoever is behind a local end, once `ssh` listens there or is gone. */
async function behind(where: net.NetConnectOpts, { ended }: Program): Promise<string> {
  const gone = ended.then(() => REFUSED);
  const line = until(
    'ssh listens',
    async () => {
      const socket = net.connect(where);
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return firstLineOf(socket)
        .then((text) => text ?? REFUSED)
        .finally(() => socket.destroy());
    },
    { everyMs: 10 },
  ).catch(() => REFUSED);
  return Promise.race([line, gone]);
}

const localForward = (what: string, target: (asking: Asking) => string, opens?: Ask['opens']): Ask => ({
  what: `ssh -L to ${what}`,
  ...(opens ? { opens } : {}),
  run(asking) {
    const path = join(asking.around.local, 'l');
    return behind(
      { path },
      run(asking, 'ssh', ['-N', '-o', 'StreamLocalBindUnlink=yes', '-L', `${path}:${target(asking)}`, HERE]),
    );
  },
});

/** SOCKS 5 without a log-in (RFC 1928): `ssh` says yes before the server has, so only the first line tells. */
const socks = (what: string, port: (asking: Asking) => number, opens?: Ask['opens']): Ask => ({
  what: `ssh -D to ${what}`,
  ...(opens ? { opens } : {}),
  async run(asking) {
    const local = await freePort();
    const { ended } = run(asking, 'ssh', ['-N', '-D', `127.0.0.1:${local}`, HERE]);
    const target = Buffer.alloc(2);
    target.writeUInt16BE(port(asking));
    const ask = async () => {
      const socket = net.connect(local, HERE);
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      socket.write(Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1]), target]));
      const line = await firstLineOf(socket).finally(() => socket.destroy());
      return line?.slice(line.indexOf('I am')) ?? REFUSED;
    };
    const line = until('ssh listens', ask, { everyMs: 10 }).catch(() => REFUSED);
    return Promise.race([line, ended.then(() => REFUSED)]);
  },
});

const remoteForward = (what: string, spec: (asking: Asking) => string, opens?: Ask['opens']): Ask => ({
  what: `ssh -R ${what}`,
  ...(opens ? { opens } : {}),
  async run(asking) {
    const agent = await greet(agentGreeting(asking.mine).replace('I am ', ''), { port: 0, host: HERE });
    asking.later(() => agent.close());
    asking.mayListen([`127.0.0.1:${agent.port}`]);
    const { ended } = run(asking, 'ssh', ['-N', '-R', `${spec(asking)}:127.0.0.1:${agent.port}`, HERE]);
    const called = until('the agent answers', () => firstLineAt(asking.mine.agentEndpoint), { everyMs: 20 });
    return Promise.race([called.catch(() => 'granted, but nothing answers'), ended.then(() => REFUSED)]);
  },
});

/** File transfers: what counts is whether the file is there. */
const transfer = (what: string, program: 'sftp' | 'scp', args: readonly string[]): Ask => ({
  what,
  async run(asking) {
    const target = join(asking.around.untouched, 'copied');
    const [input, ...rest] =
      program === 'sftp'
        ? [`put /etc/hostname ${target}\n`, ...args, HERE]
        : [undefined, ...args, '/etc/hostname', `${HERE}:${target}`];
    const code = await run(
      asking,
      program,
      rest.filter((arg) => arg !== undefined),
      input,
    ).ended;
    return code === 0 || existsSync(target) ? 'copied' : REFUSED;
  },
});

export const OPENSSH_ASKS: readonly Ask[] = [
  localForward('its own NBD server', ({ mine }) => `127.0.0.1:${mine.nbdPort}`, ownNbd),
  localForward('the database', ({ around }) => `127.0.0.1:${around.databasePort}`),
  localForward('a Unix socket', ({ around }) => around.unixPath),
  remoteForward('for its own agent', ({ mine }) => `127.0.0.1:${mine.agentPort}`, ownAgent),
  remoteForward('without an address', ({ mine }) => String(mine.agentPort)),
  remoteForward('on every address', ({ mine }) => `*:${mine.agentPort}`),
  remoteForward('on any port', () => '127.0.0.1:0'),
  asked('-R on a Unix socket', ({ around }) => ['-N', '-R', `${join(around.untouched, 'r')}:127.0.0.1:1`]),
  asked('-R as a SOCKS proxy at the server', ({ mine }) => ['-N', '-R', String(mine.agentPort)]),
  socks('its own NBD server', ({ mine }) => mine.nbdPort, ownNbd),
  socks('the database', ({ around }) => around.databasePort),
  asked('-W to its own NBD server', ({ mine }) => ['-W', `127.0.0.1:${mine.nbdPort}`], ownNbd),
  asked('-W to localhost', ({ mine }) => ['-W', `localhost:${mine.nbdPort}`]),
  asked('-W to the database', ({ around }) => ['-W', `127.0.0.1:${around.databasePort}`]),
  asked('-w', () => ['-N', '-w', 'any:any']),
  asked('with a command', () => [], undefined, leaveTrace),
  asked('with a terminal', () => ['-tt']),
  asked('-A -X with a command', () => ['-A', '-X'], undefined, leaveTrace),
  asked(
    '-s netconf',
    () => ['-s'],
    undefined,
    () => ['netconf'],
  ),
  transfer('sftp', 'sftp', ['-b', '-']),
  transfer('scp', 'scp', []),
  transfer('scp in its old form', 'scp', ['-O']),
];
