import { join } from 'node:path';
import { tcpTarget, unixTarget } from './channel-asks.js';
import type { Asking } from './asking.js';
import { askGlobally, listenAt, openChannel, string, type Raw } from './raw-client.js';

/** What somebody asks for who was not let in. */
export interface DoorAsk {
  readonly what: string;
  /** Whether it was granted; pending while the server says nothing. */
  ask(client: Raw, asking: Asking): Promise<boolean>;
}

const channel = (what: string, type: string, data: (asking: Asking) => Buffer): DoorAsk => ({
  what,
  ask: async (client, asking) => (await openChannel(client, type, data(asking))) !== undefined,
});
const globally = (what: string, name: string, data: (asking: Asking) => Buffer): DoorAsk => ({
  what,
  ask: (client, asking) => askGlobally(client, name, data(asking)),
});

export const DOOR_ASKS: readonly DoorAsk[] = [
  channel('its own NBD server', 'direct-tcpip', ({ mine }) => tcpTarget('127.0.0.1', mine.nbdPort)),
  channel('the database', 'direct-tcpip', ({ around }) => tcpTarget('127.0.0.1', around.databasePort)),
  channel('a Unix socket', 'direct-streamlocal@openssh.com', ({ around }) => unixTarget(around.unixPath)),
  channel('the enrolment', 'direct-tcpip', () => tcpTarget('enroll', 1)),
  channel('a session', 'session', () => Buffer.alloc(0)),
  globally('a listener for its agent', 'tcpip-forward', ({ mine }) => listenAt('127.0.0.1', mine.agentPort)),
  globally('a listener on any port', 'tcpip-forward', () => listenAt('', 0)),
  globally('a Unix listener', 'streamlocal-forward@openssh.com', ({ around }) =>
    string(join(around.untouched, 'socket')),
  ),
];
