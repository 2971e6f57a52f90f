import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { QmpClient } from '@ossea/qemu';

// QEMU drops a client that comes while it parts with the one before: too seldom for a spec, so a stand-in does it
let directory: string;
let path: string;
let server: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'qmp-'));
  path = join(directory, 'monitor');
});
afterEach(async () => {
  server?.close();
  await rm(directory, { recursive: true, force: true });
});

async function monitor(serve: (socket: Socket, nth: number) => void): Promise<void> {
  let count = 0;
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket, (count += 1));
  }).listen(path);
  await once(server, 'listening');
}

const greet = (socket: Socket): boolean => socket.write('{"QMP":{"version":{},"capabilities":[]}}\n');

it('a client that is dropped before the greeting tries again', async () => {
  await monitor((socket, nth) => {
    if (nth <= 2) return socket.destroy();
    greet(socket);
    socket.on('data', (data) => {
      const { id } = JSON.parse(String(data)) as { id: number };
      socket.write(`${JSON.stringify({ return: {}, id })}\n`);
    });
  });
  await using qmp = await QmpClient.connect(path, { signal: new AbortController().signal });
  expect(qmp.connected).toBe(true);
});

it('a client that is dropped after the greeting is told so', async () => {
  let clients = 0;
  await monitor((socket, nth) => {
    clients = nth;
    greet(socket);
    socket.on('data', () => socket.destroy());
  });
  const connecting = QmpClient.connect(path, { signal: new AbortController().signal });
  await expect(connecting).rejects.toMatchObject({ code: 'peer.unreachable' });
  expect(clients).toBe(1);
});

it('a monitor that never greets is given up in time', async () => {
  await monitor((socket) => socket.destroy());
  const connecting = QmpClient.connect(path, { signal: new AbortController().signal, timeoutMs: 200 });
  await expect(connecting).rejects.toMatchObject({ code: 'peer.unreachable' });
});
