import { join } from 'node:path';
import { GRANTED_SILENT, REFUSED, type Ask, type Asking } from './asking.js';
import { tcpTarget } from './channel-asks.js';
import { firstLineOf } from './greeters.js';
import { ENROLMENT_GREETING } from './matrix-site.js';
import { askChannel, byte, openChannel, string, uint32, type RawChannel } from './raw-client.js';

type EnrolmentForm = 'direct-tcpip' | 'subsystem';
/** How the enrolment is reached. Both forms are always asked for; this one alone is allowed. */
const ENROLMENT_FORM = 'subsystem' as EnrolmentForm;
const SUBSYSTEM = 'ossea-enrol';

const enrolment =
  (form: EnrolmentForm): NonNullable<Ask['opens']> =>
  ({ principal }) =>
    principal.may === 'enrol' && form === ENROLMENT_FORM ? ENROLMENT_GREETING : undefined;

/** Sends a request as a VMA would, and says who answers. What ends without a word has refused, whatever it said before. */
async function exchange(channel: RawChannel): Promise<string> {
  channel.on('error', () => channel.destroy());
  channel.write('{"code":"matrix"}\n');
  const line = await firstLineOf(channel);
  if (line === undefined) return channel.readableEnded || channel.destroyed ? REFUSED : GRANTED_SILENT;
  return line.includes(ENROLMENT_GREETING) ? ENROLMENT_GREETING : line;
}

const session = async (asking: Asking): Promise<RawChannel | undefined> => {
  const channel = await openChannel(await asking.client(), 'session', Buffer.alloc(0));
  channel?.on('error', () => channel.destroy()).resume();
  return channel;
};

const request = (
  what: string,
  name: string,
  data: (asking: Asking) => Buffer = () => Buffer.alloc(0),
): Ask => ({
  what,
  async run(asking) {
    const channel = await session(asking);
    if (!channel) return REFUSED;
    return (await askChannel(await asking.client(), channel, name, data(asking))) ? 'granted' : REFUSED;
  },
});
/** Something that would run. A forced command says yes to all of them, so what counts is what it then says. */
async function started(asking: Asking, name: string, data: Buffer): Promise<string> {
  const client = await asking.client();
  const channel = await openChannel(client, 'session', Buffer.alloc(0));
  return channel && (await askChannel(client, channel, name, data)) ? exchange(channel) : REFUSED;
}
const program = (what: string, name: string, data: (asking: Asking) => Buffer): Ask => ({
  what,
  run: (asking) => started(asking, name, data(asking)),
});
const subsystem = (name: string) => program(`the subsystem ${name}`, 'subsystem', () => string(name));
/** A command that leaves a trace where nothing may be written. */
const trace = ({ around }: Asking): Buffer => string(`touch '${join(around.untouched, 'trace')}'`);

const PTY = Buffer.concat([string('xterm'), uint32(80), uint32(24), uint32(0), uint32(0), string('\0')]);
const X11 = Buffer.concat([byte(0), string('MIT-MAGIC-COOKIE-1'), string('00'.repeat(16)), uint32(0)]);

export const SESSION_ASKS: readonly Ask[] = [
  {
    what: 'the enrolment by a channel',
    opens: enrolment('direct-tcpip'),
    async run(asking) {
      const channel = await openChannel(await asking.client(), 'direct-tcpip', tcpTarget('enroll', 1));
      return channel ? exchange(channel) : REFUSED;
    },
  },
  {
    what: 'the enrolment by its subsystem',
    opens: enrolment('subsystem'),
    run: (asking) => started(asking, 'subsystem', string(SUBSYSTEM)),
  },
  subsystem('sftp'),
  subsystem('netconf'),
  subsystem(`${SUBSYSTEM} `),
  subsystem(`/bin/${SUBSYSTEM}`),
  program('a shell', 'shell', () => Buffer.alloc(0)),
  program('a command', 'exec', trace),
  {
    ...program('the enrolment as a command', 'exec', () => string(SUBSYSTEM)),
    opens: (asking) => (asking.site.subsystemsAreCommands ? enrolment('subsystem')(asking) : undefined),
  },
  program('to receive by scp', 'exec', ({ around }) => string(`scp -t '${around.untouched}'`)),
  request('a terminal', 'pty-req', () => PTY),
  request('X11', 'x11-req', () => X11),
  request('its key agent', 'auth-agent-req@openssh.com'),
  request('a variable', 'env', () => Buffer.concat([string('LD_PRELOAD'), string('/tmp/x.so')])),
  request('an unknown session request', 'unknown@ossea.example'),
  {
    what: 'a command in a second session',
    async run(asking) {
      const client = await asking.client();
      const first = await session(asking);
      if (first) await askChannel(client, first, 'subsystem', string(SUBSYSTEM));
      return started(asking, 'exec', trace(asking));
    },
  },
];
