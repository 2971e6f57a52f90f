import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  GREETING,
  absent,
  calm,
  connect,
  exportReply,
  makeDirectory,
  removeDirectory,
  reply,
  serve,
  stopServer,
  u16,
  u32,
  u64,
} from './lying-nbd-server.js';
import { NbdClient } from './nbd-client.js';
import * as wire from './nbd-wire.js';

beforeEach(makeDirectory);
afterEach(removeDirectory);

describe('a server that breaks the handshake', () => {
  const cases: [string, string, (socket: Socket) => void][] = [
    ['closes at once', 'nbd.connection-lost', (socket) => void socket.end()],
    ['speaks HTTP', 'peer.protocol', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'is oldstyle',
      'peer.protocol',
      (s) => void s.write(Buffer.concat([u64(wire.NBD_MAGIC), u64(0x420281861253n), u16(3)])),
    ],
    ['stops in the greeting', 'nbd.connection-lost', (socket) => void socket.end(GREETING.subarray(0, 9))],
    [
      'answers another option',
      'peer.protocol',
      (socket) => void socket.write(Buffer.concat([GREETING, reply(3, 1)])),
    ],
    [
      'claims a reply of 4 GiB',
      'peer.protocol',
      (socket) => void socket.write(Buffer.concat([GREETING, reply(8, 3).subarray(0, 16), u32(0xffffffff)])),
    ],
    [
      'never ends its replies',
      'peer.protocol',
      (socket) =>
        void socket.write(Buffer.concat([GREETING, ...Array.from({ length: 2000 }, () => reply(8, 3))])),
    ],
    [
      'has another export',
      'nbd.export-missing',
      (s) =>
        void s.write(
          Buffer.concat([
            GREETING,
            reply(8, wire.REP_ERR_UNSUPPORTED),
            reply(7, wire.REP_ERR_UNKNOWN_EXPORT, Buffer.from('not present')),
          ]),
        ),
    ],
    [
      'is going down',
      'nbd.connection-lost',
      (s) =>
        void s.write(
          Buffer.concat([GREETING, reply(8, wire.REP_ERR_UNSUPPORTED), reply(7, wire.REP_ERR_SHUTDOWN)]),
        ),
    ],
    ['wants TLS', 'peer.protocol', (s) => void s.write(Buffer.concat([GREETING, reply(8, 0x80000005)]))],
    [
      'has an export of 2^63 bytes',
      'peer.protocol',
      (s) =>
        void s.write(Buffer.concat([GREETING, reply(8, wire.REP_ERR_UNSUPPORTED), exportReply(1n << 63n)])),
    ],
    [
      'tells no size',
      'peer.protocol',
      (s) => void s.write(Buffer.concat([GREETING, reply(8, wire.REP_ERR_UNSUPPORTED), reply(7, 1)])),
    ],
  ];
  it.each(cases)('%s → %s', async (_what, code, onConnection) => {
    const address = await serve(onConnection);
    await expect(connect(address)).rejects.toMatchObject({
      code,
      context: { export: 'disk', end: 'source' },
    });
  });

  it('is given up after the time-out, and at once when aborted', async () => {
    const address = await serve(() => undefined);
    const signal = calm();
    await expect(NbdClient.connect(address, { signal, handshakeTimeoutMs: 30 })).rejects.toMatchObject({
      code: 'nbd.connection-lost',
    });
    const abort = new AbortController();
    const waiting = NbdClient.connect(address, { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'call.aborted' });
    await expect(NbdClient.connect(address, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'call.aborted',
    });
  });

  it('is not there', async () => {
    await expect(connect(absent())).rejects.toMatchObject({ code: 'nbd.connection-lost' });
  });
});

it('no bytes whatever make the client hang, throw something else or succeed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (noise) => {
      const address = await serve((socket) => void socket.end(Buffer.concat([GREETING, noise])));
      await expect(connect(address)).rejects.toMatchObject({ name: 'MigrationError' });
      await stopServer();
    }),
    { numRuns: 50 },
  );
});
