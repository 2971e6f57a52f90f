import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NbdClient } from './nbd-client.js';
import * as wire from './nbd-wire.js';
import type { NbdAddress } from './port.js';

/*
 * Servers that lie: what a real server never sends is written here byte by byte.
 * The client against real servers is in tests/integration.
 */
let dir = '';
let server: Server | undefined;
const sockets = new Set<Socket>();

export async function makeDirectory(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'ossea-nbd-'));
}

export const absent = (): NbdAddress => ({
  transport: 'nbd-unix',
  path: join(dir, 'none'),
  exportName: '',
});

export async function stopServer(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  server = undefined;
}

export async function removeDirectory(): Promise<void> {
  await stopServer();
  await rm(dir, { recursive: true });
}

export const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
export const GREETING = Buffer.concat([u64(wire.NBD_MAGIC), u64(wire.OPTION_MAGIC), u16(3)]);
export const reply = (option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([u64(wire.OPTION_REPLY_MAGIC), u32(option), u32(type), u32(data.length), data]);
export const SIZE = 1 << 20;
const FLAGS = 0x1 | 0x4 | 0x40;
export const exportReply = (size = BigInt(SIZE)): Buffer =>
  Buffer.concat([
    reply(wire.OPT_GO, wire.REP_INFO, Buffer.concat([u16(0), u64(size), u16(FLAGS)])),
    reply(wire.OPT_GO, wire.REP_ACK),
  ]);

export async function serve(onConnection: (socket: Socket) => void): Promise<NbdAddress> {
  const path = join(dir, 's');
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  return { transport: 'nbd-unix', path, exportName: 'disk' };
}

export const calm = (): AbortSignal => new AbortController().signal;
export const connect = (address: NbdAddress): Promise<NbdClient> =>
  NbdClient.connect(address, { signal: calm(), contexts: ['base:allocation'], end: 'source' });

/** An honest handshake, then `answer` to the first request. */
export function serveRequest(
  answer: (cookie: Buffer, socket: Socket) => void,
  structured = true,
): Promise<NbdAddress> {
  return serve((socket) => {
    let seen: Buffer = Buffer.alloc(0);
    let ready = false;
    let greeted = false;
    socket.write(GREETING);
    socket.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk]);
      if (!greeted && seen.length >= 4) {
        greeted = true;
        seen = seen.subarray(4);
      }
      if (ready && seen.length >= 28 && seen.readUInt32BE(0) === wire.REQUEST_MAGIC) {
        answer(seen.subarray(8, 16), socket);
        seen = Buffer.alloc(0);
        return;
      }
      while (!ready && seen.length >= 16 && seen.length >= 16 + seen.readUInt32BE(12)) {
        const option = seen.readUInt32BE(8);
        seen = seen.subarray(16 + seen.readUInt32BE(12));
        if (option === wire.OPT_GO) {
          ready = true;
          socket.write(exportReply());
        } else if (option === wire.OPT_STRUCTURED_REPLY) {
          socket.write(reply(option, structured ? wire.REP_ACK : wire.REP_ERR_UNSUPPORTED));
        } else {
          const context = Buffer.concat([u32(7), Buffer.from('base:allocation')]);
          socket.write(
            Buffer.concat([reply(option, wire.REP_META_CONTEXT, context), reply(option, wire.REP_ACK)]),
          );
        }
      }
    });
  });
}

export const chunk = (
  cookie: Buffer,
  flags: number,
  type: number,
  data: Buffer = Buffer.alloc(0),
  length = data.length,
): Buffer =>
  Buffer.concat([u32(wire.STRUCTURED_REPLY_MAGIC), u16(flags), u16(type), cookie, u32(length), data]);

export const at = (offset: bigint, data: Buffer): Buffer => Buffer.concat([u64(offset), data]);
