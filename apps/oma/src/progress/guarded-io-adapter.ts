import type { IncomingMessage } from 'node:http';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { TurnTaking, type TurnRates } from '@ossea/tunnel';
import type { Server, ServerOptions } from 'socket.io';
import { networkOf } from '../access/network-of.js';

const MAX_MESSAGE_BYTES = 65_536;
/** Each new client costs a look into the database and a snapshot; a client that was turned away comes again by itself. */
const ARRIVALS: TurnRates = { each: { perSecond: 10, burst: 60 }, all: { perSecond: 50, burst: 300 } };

/**
 * socket.io for the feed alone: small messages in, no pages of other sites (a WebSocket is not held by CORS), and
 * nothing in the default namespace.
 */
export class GuardedIoAdapter extends IoAdapter {
  override createIOServer(port: number, options?: ServerOptions): Server {
    const arrivals = new TurnTaking(ARRIVALS);
    const server = super.createIOServer(port, {
      ...options,
      path: '/socket.io',
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: 10_000,
      pingInterval: 15_000,
      pingTimeout: 15_000,
      allowRequest: (request, answer) => {
        const mayComeIn =
          isFromOurPage(request) && arrivals.takeNow(networkOf(request.socket.remoteAddress ?? ''));
        answer(null, mayComeIn);
      },
    } as ServerOptions) as Server;
    server.of('/').use((_socket, next) => next(new Error('There is nothing here.')));
    return server;
  }
}

/** Browsers say where a page came from, everything else says nothing. */
function isFromOurPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (headers.origin === undefined) return true;
  try {
    return new URL(headers.origin).host === headers.host;
  } catch {
    return false;
  }
}
