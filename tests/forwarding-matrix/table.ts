import { REFUSED, ownNbd, type Ask, type Asking } from './asking.js';
import { CHANNEL_ASKS } from './channel-asks.js';
import { DOOR_ASKS } from './door-asks.js';
import { LISTENER_ASKS } from './listener-asks.js';
import { OPENSSH_ASKS } from './openssh-asks.js';
import type { Principal } from './principals.js';
import { askUnauthenticated } from './raw-client.js';
import { SESSION_ASKS } from './session-asks.js';

const INSIDE: readonly Ask[] = [...CHANNEL_ASKS, ...LISTENER_ASKS, ...SESSION_ASKS, ...OPENSSH_ASKS];

/** Whoever may not log in asks without it, and with Debian's client. */
const OUTSIDE: readonly Ask[] = [
  ...DOOR_ASKS.map(({ what, ask }): Ask => ({
    what: `${what}, after the log-in was refused`,
    run: (asking: Asking) =>
      askUnauthenticated({ ...asking.principal, port: asking.site.port }, (client) => ask(client, asking)),
  })),
  ...OPENSSH_ASKS.filter(({ opens }) => opens === ownNbd).slice(-1),
];

/** Who asks for what: everything for those that get in, the door for the others. What is not opened is refused. */
export const asksOf = (principal: Principal): readonly Ask[] =>
  (principal.may === 'nothing' ? OUTSIDE : INSIDE).filter(
    ({ what }) => principal.keyFile !== undefined || !what.startsWith('ssh'),
  );

export const expectedOf = (
  ask: Ask,
  asking: Pick<Asking, 'site' | 'principal' | 'mine' | 'theirs'>,
): string => ask.opens?.(asking) ?? REFUSED;
