import { askNbdServer } from '@ossea/copy-engine';
import { isMigrationError, type MigrationError } from '@ossea/errors';
import type { TunnelWay } from '@ossea/tunnel';

export interface OmaAnswer {
  /** Of the slowest connection. */
  readonly rttMs: number;
  /** `absent`: the OMA itself refused the channel, because it has no storage daemon for us yet. */
  readonly storageDaemon: 'present' | 'absent';
}

/**
 * Goes the way of the disks' bytes once over every connection: an NBD channel, a handshake, and away again. A refused
 * channel is an answer, too. Rejects when one of the connections carries nothing, or something else.
 */
export async function probeOma(connections: readonly TunnelWay[]): Promise<OmaAnswer> {
  const answers = await Promise.all(connections.map(probeConnection));
  return {
    rttMs: Math.max(...answers.map(({ rttMs }) => rttMs)),
    storageDaemon: answers.some(({ storageDaemon }) => storageDaemon === 'absent') ? 'absent' : 'present',
  };
}

async function probeConnection(way: TunnelWay): Promise<OmaAnswer> {
  const beganMs = performance.now();
  const answered = (storageDaemon: OmaAnswer['storageDaemon']): OmaAnswer => ({
    rttMs: performance.now() - beganMs,
    storageDaemon,
  });
  try {
    await askNbdServer(await way.openNbd(), { end: 'target' });
    return answered('present');
  } catch (error) {
    if (isMigrationError(error) && isRefusal(error, way)) return answered('absent');
    throw error;
  }
}

/** Only a server that is there refuses; a connection that carries nothing is silent. */
function isRefusal({ code, context }: MigrationError, { closesWhenRefused }: TunnelWay): boolean {
  return context['refused'] === true || (closesWhenRefused && code === 'nbd.connection-lost');
}
