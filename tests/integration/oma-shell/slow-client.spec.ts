import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { expect, it } from 'vitest';
import { FeedClient } from '../../../apps/oma/src/progress/feed-client.js';
import { until } from '../../stack/probe.js';

const BURST = 20_000;

it('never piles up events for a slow client, and tells it to ask again when it takes them', async () => {
  const http = createServer();
  const server = new Server(http, { serveClient: false });
  let socket: Socket | undefined;
  server.on('connection', (connected) => (socket = connected));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
  const heard: (number | 'resync')[] = [];
  client.on('event', ({ seq }: { seq: number }) => heard.push(seq));
  client.on('resync', () => heard.push('resync'));
  try {
    const feed = new FeedClient(await until('it is connected', () => socket), () => true);
    const { ws } = client.io.engine.transport as unknown as { ws: { _socket: TcpSocket } };
    const junk = 'x'.repeat(2_000);
    const tell = (seq: number) =>
      feed.tell({ epoch: 'e', seq, id: `evt_${seq}`, type: 't', subject: 's', time: '', data: { junk } });
    tell(1);
    await until('the first event is there', () => heard.length === 1);
    ws._socket.pause();
    for (let seq = 2; seq <= BURST; seq += 1) {
      tell(seq);
      // as they come in life: each in a turn of its own
      if (seq % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket?.conn['writeBuffer'].length).toBeLessThan(300);
    ws._socket.resume();
    await until('it was told to ask again', () => heard.includes('resync'));
    const events = heard.slice(0, heard.indexOf('resync'));
    expect(events.length).toBeLessThan(BURST);
    // up to the hole nothing is missing
    expect(events).toEqual(events.map((_, i) => i + 1));
    tell(BURST + 1);
    await until('it hears again', () => heard.at(-1) === BURST + 1);
    feed.close();
  } finally {
    client.disconnect();
    await server.close();
  }
});
