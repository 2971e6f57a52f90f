import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { PAIRING_ALPHABET, enrolMessage } from '@ossea/agent-protocol';
import { FEED_NAMESPACE } from '@ossea/api-contract';
import { exchangeEnrolment, generateKeyPair } from '@ossea/tunnel';
import { io } from 'socket.io-client';

/** What an attacker knows of an appliance. */
export interface FloodTarget {
  readonly httpUrl: string;
  readonly tunnelPort: number;
  readonly hostKeyFingerprint: string;
  /** Of somebody who may read: a feed is flooded from inside, too. */
  readonly token: string;
}

/** Starts a flood that goes on as long as its process lives; `act` is told of everything that was tried. */
type Flood = (target: FloodTarget, act: () => void) => void;

const IDLE_SSH_CONNECTIONS = 200;
const SLOW_HTTP_CONNECTIONS = 500;
const ENROLLING_CONNECTIONS = 4;
const FEED_SOCKETS = 20;
const REDIAL_MS = 1_000;
const TRICKLE_EVERY_MS = 1_000;
const SUBSCRIBE_EVERY_MS = 5;

interface Held {
  readonly says: (index: number) => string;
  /** One more character of it every so often, for as long as it lives. */
  readonly trickleEveryMs?: number;
}

/** Connections that say one thing and wait; what the server ends is dialled again. */
function holdOpen(count: number, port: number, { says, trickleEveryMs }: Held, act: () => void): void {
  const dial = (index: number): void => {
    const socket = net.connect(port, '127.0.0.1');
    let trickle: NodeJS.Timeout | undefined;
    const say = (what: string): void => {
      act();
      socket.write(what);
    };
    socket.once('connect', () => {
      say(says(index));
      if (trickleEveryMs !== undefined) trickle = setInterval(say, trickleEveryMs, 'x');
    });
    socket.on('error', () => socket.destroy());
    // what the server says is read, or its end would not be noticed
    socket.resume();
    socket.once('close', () => {
      clearInterval(trickle);
      setTimeout(dial, REDIAL_MS, index);
    });
  };
  for (let index = 0; index < count; index += 1) dial(index);
}

const randomCode = (): string =>
  [...randomBytes(12)]
    .map((byte) => PAIRING_ALPHABET[byte % PAIRING_ALPHABET.length])
    .join('')
    .replace(/(.{4})(.{4})/, '$1-$2-');

async function guessForEver(
  { tunnelPort: port, hostKeyFingerprint }: FloodTarget,
  act: () => void,
): Promise<never> {
  const dial = { host: '127.0.0.1', port, hostKeyFingerprint, privateKey: generateKeyPair().privateKey };
  for (;;) {
    const guess = enrolMessage(randomCode(), 'flood', '0');
    await exchangeEnrolment(dial, guess, AbortSignal.timeout(20_000)).catch(() => undefined);
    act();
  }
}

/** Half of them hammer with subscriptions, the others are turned away at the door again and again. */
function subscribeForEver({ httpUrl, token }: FloodTarget, index: number, act: () => void): void {
  const socket = io(`${httpUrl}${FEED_NAMESPACE}`, {
    auth: { token: index % 2 === 0 ? token : 'ossea_nobody' },
    forceNew: true,
    transports: ['websocket'],
    reconnection: false,
  });
  const again = () => setTimeout(() => socket.connect(), REDIAL_MS / 10);
  socket.on('connect_error', () => {
    act();
    again();
  });
  socket.on('disconnect', again);
  setInterval(() => {
    if (!socket.connected) return;
    act();
    socket.emit('subscribe', {});
  }, SUBSCRIBE_EVERY_MS);
}

export const FLOODS = {
  'idle-ssh': ({ tunnelPort }, act) => holdOpen(IDLE_SSH_CONNECTIONS, tunnelPort, { says: () => '' }, act),
  // half of them never end their headers, the others never end their body
  'slow-http': ({ httpUrl }, act) =>
    holdOpen(
      SLOW_HTTP_CONNECTIONS,
      Number(new URL(httpUrl).port),
      {
        says: (index) =>
          index % 2 === 0
            ? 'GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: '
            : 'POST /api/v1/access/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
        trickleEveryMs: TRICKLE_EVERY_MS,
      },
      act,
    ),
  enrolment: (target, act) => {
    for (let index = 0; index < ENROLLING_CONNECTIONS; index += 1) void guessForEver(target, act);
  },
  feed: (target, act) => {
    for (let index = 0; index < FEED_SOCKETS; index += 1) subscribeForEver(target, index, act);
  },
} satisfies Record<string, Flood>;
export type FloodName = keyof typeof FLOODS;
export const FLOOD_NAMES = Object.keys(FLOODS) as FloodName[];

/** So much must have been tried until a flood counts as running. */
export const UNDER_WAY: Readonly<Record<FloodName, number>> = {
  'idle-ssh': IDLE_SSH_CONNECTIONS,
  'slow-http': SLOW_HTTP_CONNECTIONS,
  enrolment: ENROLLING_CONNECTIONS,
  feed: 10 * FEED_SOCKETS,
};
