import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  SIZE,
  at,
  chunk,
  connect,
  makeDirectory,
  removeDirectory,
  serveRequest,
  u16,
  u32,
  u64,
} from './lying-nbd-server.js';
import { NbdClient } from './nbd-client.js';
import * as wire from './nbd-wire.js';

beforeEach(makeDirectory);
afterEach(removeDirectory);

describe('a server that lies in its replies to a read', () => {
  const data = Buffer.alloc(512, 1);
  const cases: [string, string, (cookie: Buffer, socket: Socket) => void][] = [
    ['short', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 1, at(0n, data.subarray(1))))],
    ['nothing at all', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 0))],
    ['too much', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 1, at(0n, Buffer.alloc(513))))],
    ['somewhere else', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 1, at(512n, data)))],
    [
      'before the start',
      'peer.protocol',
      (c, s) => void s.write(chunk(c, 1, 1, at(0xffffffffffffff00n, data))),
    ],
    [
      'the same part twice',
      'peer.protocol',
      (c, s) =>
        void s.write(
          Buffer.concat([
            chunk(c, 0, 1, at(0n, data.subarray(256))),
            chunk(c, 1, 1, at(0n, data.subarray(256))),
          ]),
        ),
    ],
    [
      'a hole too long',
      'peer.protocol',
      (c, s) => void s.write(chunk(c, 1, 2, Buffer.concat([u64(0n), u32(1024)]))),
    ],
    [
      'a chunk of 4 GiB',
      'peer.protocol',
      (c, s) => void s.write(chunk(c, 1, 1, Buffer.alloc(0), 0xffffffff)),
    ],
    ['an unknown chunk', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 99, Buffer.alloc(4)))],
    ['another cookie', 'peer.protocol', (_c, s) => void s.write(chunk(u64(77n), 1, 1, at(0n, data)))],
    [
      'a block status',
      'peer.protocol',
      (c, s) => void s.write(chunk(c, 1, 5, Buffer.concat([u32(7), u32(512), u32(0)]))),
    ],
    [
      'an error without a number',
      'peer.protocol',
      (c, s) => void s.write(chunk(c, 1, 0x8001, Buffer.alloc(6))),
    ],
    ['an error cut short', 'peer.protocol', (c, s) => void s.write(chunk(c, 1, 0x8001, Buffer.alloc(3)))],
    [
      'a simple reply',
      'peer.protocol',
      (c, s) => void s.write(Buffer.concat([u32(wire.SIMPLE_REPLY_MAGIC), u32(0), c, data])),
    ],
    ['noise', 'peer.protocol', (_c, s) => void s.write('no such thing as a magic number')],
    [
      'half a reply and the end',
      'nbd.connection-lost',
      (c, s) => void s.end(chunk(c, 1, 1, at(0n, data)).subarray(0, 100)),
    ],
    ['the end', 'nbd.connection-lost', (_c, s) => void s.destroy()],
    [
      'EIO',
      'nbd.request-failed',
      (c, s) => void s.write(chunk(c, 1, 0x8001, Buffer.concat([u32(5), u16(4), Buffer.from('oops')]))),
    ],
    [
      'EIO after good bytes',
      'nbd.request-failed',
      (c, s) =>
        void s.write(
          Buffer.concat([
            chunk(c, 0, 1, at(0n, data)),
            chunk(c, 1, 0x8002, Buffer.concat([u32(5), u16(0), u64(0n)])),
          ]),
        ),
    ],
    [
      'going down',
      'nbd.connection-lost',
      (c, s) => void s.write(chunk(c, 1, 0x8001, Buffer.concat([u32(108), u16(0)]))),
    ],
  ];
  it.each(cases)('%s → %s', async (_what, code, answer) => {
    const client = await connect(await serveRequest(answer));
    await expect(client.read(0, 512)).rejects.toMatchObject({ code, context: { end: 'source' } });
    if (code === 'peer.protocol') {
      await expect(client.read(0, 512)).rejects.toMatchObject({ code });
    }
    await client.close();
  });

  it('ENOSPC is storage.full, with the place', async () => {
    const simple = (c: Buffer): Buffer => Buffer.concat([u32(wire.SIMPLE_REPLY_MAGIC), u32(28), c]);
    const client = await connect(await serveRequest((c, s) => void s.write(simple(c)), false));
    await expect(client.writeZeroes(4096, 512)).rejects.toMatchObject({
      code: 'storage.full',
      context: { errno: 28, offset: 4096 },
    });
    await client.close();
  });

  it('parts in any order, and holes, make a whole read', async () => {
    const client = await connect(
      await serveRequest((c, s) => {
        s.write(chunk(c, 0, 1, at(300n, Buffer.alloc(212, 3))));
        s.write(chunk(c, 0, 2, Buffer.concat([u64(100n), u32(200)])));
        s.write(chunk(c, 1, 1, at(0n, Buffer.alloc(100, 1))));
      }),
    );
    const expected = Buffer.concat([Buffer.alloc(100, 1), Buffer.alloc(200), Buffer.alloc(212, 3)]);
    expect((await client.read(0, 512)).equals(expected)).toBe(true);
    await client.close();
  });
});

it('an extent of no length does not loop for ever', async () => {
  const client = await connect(
    await serveRequest((c, s) => void s.write(chunk(c, 1, 5, Buffer.concat([u32(7), u32(0), u32(0)])))),
  );
  await expect(client.extents('base:allocation')).rejects.toMatchObject({ code: 'peer.protocol' });
  await client.close();
});

it('aborting rejects what is in flight with call.aborted', async () => {
  const address = await serveRequest(() => undefined);
  const abort = new AbortController();
  const client = await NbdClient.connect(address, { signal: abort.signal });
  const waiting = client.read(0, 512);
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'call.aborted' });
  await expect(client.read(0, 512)).rejects.toMatchObject({ code: 'call.aborted' });
});

it.each([
  [-1, 1],
  [0, 0],
  [SIZE, 1],
  [SIZE - 1, 2],
  [0.5, 1],
  [0, 2 ** 40],
])('a request at %d of %d bytes is refused here', async (offset, length) => {
  const client = await connect(await serveRequest(() => undefined));
  await expect(client.read(offset, length)).rejects.toMatchObject({ code: 'request.invalid' });
  await client.close();
});
