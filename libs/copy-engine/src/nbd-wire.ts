import type { Duplex } from 'node:stream';
import { MigrationError, type ErrorContext } from '@ossea/errors';

/*
 * Constants of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md).
 * All integers on the wire are big-endian.
 */
export const NBD_MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

export const OPT_ABORT = 2;
export const OPT_GO = 7;
export const OPT_STRUCTURED_REPLY = 8;
export const OPT_SET_META_CONTEXT = 10;

export const REP_ACK = 1;
export const REP_INFO = 3;
export const REP_META_CONTEXT = 4;
export const REP_ERR_BIT = 0x80000000;
export const REP_ERR_UNSUPPORTED = 0x80000001;
export const REP_ERR_UNKNOWN_EXPORT = 0x80000006;
export const REP_ERR_SHUTDOWN = 0x80000007;

export const INFO_EXPORT = 0;
export const INFO_BLOCK_SIZE = 3;

export const CMD_READ = 0;
export const CMD_WRITE = 1;
export const CMD_DISCONNECT = 2;
export const CMD_FLUSH = 3;
export const CMD_WRITE_ZEROES = 6;
export const CMD_BLOCK_STATUS = 7;

export const CHUNK_DONE_FLAG = 1;
export const CHUNK_NONE = 0;
export const CHUNK_OFFSET_DATA = 1;
export const CHUNK_OFFSET_HOLE = 2;
export const CHUNK_BLOCK_STATUS = 5;
export const CHUNK_ERROR_BIT = 0x8000;

/** Flags of an extent in the context `base:allocation`. */
export const ALLOCATION_HOLE = 1;
export const ALLOCATION_ZERO = 2;
/** Flag of an extent in a context `qemu:dirty-bitmap:<name>`. */
export const BITMAP_DIRTY = 1;

/** A message too long to be one of an honest server. */
export function garbage(message: string, context: ErrorContext): MigrationError {
  return new MigrationError('peer.protocol', `The NBD server broke the protocol: ${message}`, { context });
}

/** Takes a socket's bytes in exact portions; one reader at a time. */
export class WireReader {
  private chunks: Buffer[] = [];
  private available = 0;
  private failure: MigrationError | undefined;
  private waiting:
    { bytes: number; resolve: (bytes: Buffer) => void; reject: (e: Error) => void } | undefined;

  constructor(
    private readonly socket: Duplex,
    private readonly context: ErrorContext,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.available += chunk.length;
      // nobody asked for these bytes yet: hold the server back instead of buffering without bound
      if (this.available > HIGH_WATER && !this.waiting) socket.pause();
      this.serve();
    });
    const ended = (error?: Error): void => {
      const why = error ? `: ${error.message}` : '';
      this.fail(
        new MigrationError('nbd.connection-lost', `The NBD connection was lost${why}`, {
          context,
          ...(error ? { cause: error } : {}),
        }),
      );
    };
    socket.on('error', ended);
    socket.on('end', () => ended());
    socket.on('close', () => ended());
  }

  /** Makes this and every later read reject; the first failure is the one that is told. */
  fail(error: MigrationError): void {
    this.failure ??= error;
    this.serve();
  }

  /** Exactly `bytes` bytes. Rejects with `nbd.connection-lost` when the stream ends before. */
  read(bytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting = { bytes, resolve, reject };
      if (this.socket.isPaused()) this.socket.resume();
      this.serve();
    });
  }

  private serve(): void {
    const waiting = this.waiting;
    if (!waiting) return;
    if (this.available >= waiting.bytes) {
      this.waiting = undefined;
      waiting.resolve(this.take(waiting.bytes));
    } else if (this.failure) {
      this.waiting = undefined;
      waiting.reject(this.failure);
    }
  }

  private take(bytes: number): Buffer {
    const parts: Buffer[] = [];
    let missing = bytes;
    while (missing > 0) {
      const chunk = this.chunks[0];
      if (!chunk) throw garbage('the reader lost count', this.context);
      if (chunk.length <= missing) {
        parts.push(chunk);
        this.chunks.shift();
        missing -= chunk.length;
      } else {
        parts.push(chunk.subarray(0, missing));
        this.chunks[0] = chunk.subarray(missing);
        missing = 0;
      }
    }
    this.available -= bytes;
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, bytes);
  }
}

const HIGH_WATER = 4 << 20;

/** The 28 bytes that open every request. */
export function requestHeader(command: number, cookie: bigint, offset: number, length: number): Buffer {
  const header = Buffer.alloc(28);
  header.writeUInt32BE(REQUEST_MAGIC, 0);
  header.writeUInt16BE(command, 6);
  header.writeBigUInt64BE(cookie, 8);
  header.writeBigUInt64BE(BigInt(offset), 16);
  header.writeUInt32BE(length, 24);
  return header;
}

/** The request that ends a session politely; no reply follows. */
export function disconnectRequest(): Buffer {
  return requestHeader(CMD_DISCONNECT, 0n, 0, 0);
}
