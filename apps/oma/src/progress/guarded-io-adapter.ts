import type { IncomingMessage } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions } from 'socket.io';
import { FeedArrivals } from './feed-arrivals.js';

const MAX_MESSAGE_BYTES = 65_536;

/**
 * socket.io for the feed alone: small messages in, no pages of other sites (a WebSocket is not held by CORS), and
 * nothing in the default namespace.
 */
export class GuardedIoAdapter extends IoAdapter {
  constructor(private readonly app: INestApplicationContext) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const arrivals = this.app.get(FeedArrivals);
    const server = super.createIOServer(port, {
      ...options,
      path: '/socket.io',
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: 10_000,
      pingInterval: 15_000,
      pingTimeout: 15_000,
      allowRequest: (request, answer) => {
        if (!isFromOurPage(request)) return answer(null, false);
        void arrivals.mayComeIn(request.socket).then((mayComeIn) => answer(null, mayComeIn));
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
