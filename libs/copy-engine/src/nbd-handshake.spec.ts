import { connect as dial, type Socket } from 'node:net';
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
import { askNbdServer } from './nbd-handshake.js';
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

describe('asking whether a server is there', () => {
  const ask = async (answer: (socket: Socket) => void) => {
    const address = await serve(answer);
    if (address.transport !== 'nbd-unix') throw new Error('a Unix socket is expected');
    const socket = dial(address.path);
    try {
      await askNbdServer(socket);
    } finally {
      expect(socket.destroyed).toBe(true);
    }
  };

  it('needs no export, and leaves politely', async () => {
    let said = Buffer.alloc(0);
    await ask((socket) => {
      socket.write(GREETING);
      socket.on('data', (data: Buffer) => {
        said = Buffer.concat([said, data]);
        if (said.length === 20) socket.end(reply(wire.OPT_ABORT, wire.REP_ACK));
      });
    });
    expect(said).toEqual(Buffer.concat([u32(3), u64(wire.OPTION_MAGIC), u32(wire.OPT_ABORT), u32(0)]));
  });

  it('takes a server that leaves at once for one that is there', async () => {
    await ask((socket) => {
      socket.write(GREETING);
      socket.once('data', () => socket.end());
    });
  });

  it.each<[string, string, (socket: Socket) => void]>([
    ['closes without a word', 'nbd.connection-lost', (socket) => void socket.end()],
    ['is no NBD server', 'peer.protocol', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'talks nonsense',
      'peer.protocol',
      (socket) => void socket.write(Buffer.concat([GREETING, reply(9, 1)])),
    ],
  ])('fails when it %s', async (_what, code, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ code });
  });
});
