import { MigrationError, asMigrationError, type ErrorCode, type ErrorContext } from '@ossea/errors';
import type { NbdExportInfo } from './nbd-handshake.js';
import * as wire from './nbd-wire.js';

/** A request whose answer has not come yet. */
export interface Pending {
  readonly command: number;
  readonly offset: number;
  readonly length: number;
  /** What a read collects. */
  readonly bytes?: Buffer;
  /** What a block-status request collects, by meta context. */
  readonly extents: Map<string, { offset: number; length: number; flags: number }[]>;
}

interface Waiting extends Pending {
  /** Parts of a read that have arrived, relative to its start. */
  readonly arrived: { from: number; to: number }[];
  error?: MigrationError;
  readonly resolve: (answer: Pending) => void;
  readonly reject: (error: MigrationError) => void;
}

/** Human-readable messages, contexts and the like are short; more is an attack on memory. */
const MAX_CONTROL_CHUNK = 1 << 20;
const ENOSPC = 28;
const EDQUOT = 122;
const EPERM = 1;
const EROFS = 30;
const ESHUTDOWN = 108;

/** The reading half of a connection: matches replies with requests and believes nothing it is told. */
export class NbdReplies {
  private readonly waiting = new Map<bigint, Waiting>();
  private ended: MigrationError | undefined;

  constructor(
    private readonly reader: wire.WireReader,
    private readonly info: NbdExportInfo,
    private readonly where: ErrorContext,
  ) {}

  /** Registers a request before it is sent. */
  expect(cookie: bigint, command: number, offset: number, length: number): Promise<Pending> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      this.waiting.set(cookie, {
        command,
        offset,
        length,
        ...(command === wire.CMD_READ ? { bytes: Buffer.alloc(length) } : {}),
        extents: new Map(),
        arrived: [],
        resolve,
        reject,
      });
    });
  }

  /** Reads replies until the connection ends; resolves with what ended it, after rejecting all that waited. */
  async run(): Promise<MigrationError> {
    try {
      for (;;) await this.one();
    } catch (error) {
      return this.fail(asMigrationError(error, 'peer.protocol'));
    }
  }

  /** Rejects everything that waits; the first reason wins. */
  fail(reason: MigrationError): MigrationError {
    this.ended ??= reason;
    for (const request of this.waiting.values()) request.reject(this.ended);
    this.waiting.clear();
    return this.ended;
  }

  private async one(): Promise<void> {
    const magic = (await this.reader.read(4)).readUInt32BE(0);
    if (magic === wire.SIMPLE_REPLY_MAGIC) return this.simple();
    if (magic === wire.STRUCTURED_REPLY_MAGIC && this.info.structuredReplies) return this.chunk();
    throw wire.garbage('a reply without the magic number', this.where);
  }

  private async simple(): Promise<void> {
    const head = await this.reader.read(12);
    const errno = head.readUInt32BE(0);
    const cookie = head.readBigUInt64BE(4);
    const request = this.known(cookie);
    if (errno !== 0) request.error = this.refused(request, errno, '');
    else if (request.command === wire.CMD_READ) {
      if (this.info.structuredReplies) throw wire.garbage('a simple reply to a read', this.where);
      (await this.reader.read(request.length)).copy(request.bytes ?? Buffer.alloc(0));
      request.arrived.push({ from: 0, to: request.length });
    }
    this.settle(cookie, request);
  }

  private async chunk(): Promise<void> {
    const head = await this.reader.read(16);
    const flags = head.readUInt16BE(0);
    const type = head.readUInt16BE(2);
    const cookie = head.readBigUInt64BE(4);
    const length = head.readUInt32BE(12);
    const request = this.known(cookie);
    const limit = type === wire.CHUNK_OFFSET_DATA ? request.length + 8 : MAX_CONTROL_CHUNK;
    if (length > limit) throw wire.garbage('a chunk of absurd length', this.where);
    const body = await this.reader.read(length);
    if (type === wire.CHUNK_OFFSET_DATA) this.data(request, body);
    else if (type === wire.CHUNK_OFFSET_HOLE) this.hole(request, body);
    else if (type === wire.CHUNK_BLOCK_STATUS) this.status(request, body);
    else if (type & wire.CHUNK_ERROR_BIT) this.error(request, body);
    else if (type !== wire.CHUNK_NONE || length !== 0) throw wire.garbage('an unknown chunk', this.where);
    if (flags & wire.CHUNK_DONE_FLAG) this.settle(cookie, request);
  }

  private data(request: Waiting, body: Buffer): void {
    if (body.length <= 8) throw wire.garbage('a data chunk without data', this.where);
    const from = this.within(request, body.readBigUInt64BE(0), body.length - 8);
    body.copy(request.bytes ?? Buffer.alloc(0), from, 8);
  }

  private hole(request: Waiting, body: Buffer): void {
    if (body.length !== 12) throw wire.garbage('a hole chunk of a wrong length', this.where);
    // the buffer was allocated zeroed, so a hole needs no bytes
    this.within(request, body.readBigUInt64BE(0), body.readUInt32BE(8));
  }

  /** Checks that a part of a read lies within it and over no other part; gives its start relative to the read. */
  private within(request: Waiting, offset: bigint, length: number): number {
    const from = Number(offset) - request.offset;
    const to = from + length;
    const overlaps = request.arrived.some((part) => from < part.to && part.from < to);
    if (request.command !== wire.CMD_READ || length === 0 || from < 0 || to > request.length || overlaps) {
      throw wire.garbage('a part of a read that was not asked for', this.where);
    }
    // honest servers answer in order: merging keeps the list short when they answer in crumbs
    const last = request.arrived.at(-1);
    if (last && last.to === from) last.to = to;
    else request.arrived.push({ from, to });
    return from;
  }

  private status(request: Waiting, body: Buffer): void {
    if (request.command !== wire.CMD_BLOCK_STATUS || body.length < 12 || body.length % 8 !== 4) {
      throw wire.garbage('a block status that was not asked for', this.where);
    }
    const context = this.info.contexts.get(body.readUInt32BE(0));
    if (context === undefined || request.extents.has(context)) {
      throw wire.garbage('a block status of an unknown context', this.where);
    }
    const extents: { offset: number; length: number; flags: number }[] = [];
    const end = request.offset + request.length;
    let offset = request.offset;
    for (let at = 4; at < body.length; at += 8) {
      const length = Math.min(body.readUInt32BE(at), end - offset);
      // only the last extent may reach beyond what was asked for
      if (length === 0) throw wire.garbage('an extent of no length', this.where);
      extents.push({ offset, length, flags: body.readUInt32BE(at + 4) });
      offset += length;
    }
    request.extents.set(context, extents);
  }

  private error(request: Waiting, body: Buffer): void {
    if (body.length < 6 || body.length < 6 + body.readUInt16BE(4)) {
      throw wire.garbage('an error chunk of a wrong length', this.where);
    }
    const errno = body.readUInt32BE(0);
    if (errno === 0) throw wire.garbage('an error chunk without an error', this.where);
    request.error ??= this.refused(request, errno, body.toString('utf8', 6, 6 + body.readUInt16BE(4)));
  }

  private known(cookie: bigint): Waiting {
    const request = this.waiting.get(cookie);
    if (!request) throw wire.garbage('a reply to a request that was never made', this.where);
    return request;
  }

  private settle(cookie: bigint, request: Waiting): void {
    const arrived = request.arrived.reduce((sum, part) => sum + part.to - part.from, 0);
    if (!request.error && request.command === wire.CMD_READ && arrived !== request.length) {
      throw wire.garbage(
        `a short read: ${arrived} of ${request.length} bytes at ${request.offset}`,
        this.where,
      );
    }
    this.waiting.delete(cookie);
    if (request.error) request.reject(request.error);
    else request.resolve(request);
  }

  private refused(request: Waiting, errno: number, said: string): MigrationError {
    const writes = request.command === wire.CMD_WRITE || request.command === wire.CMD_WRITE_ZEROES;
    let code: ErrorCode = 'nbd.request-failed';
    if (errno === ENOSPC || errno === EDQUOT) code = 'storage.full';
    else if (errno === ESHUTDOWN) code = 'nbd.connection-lost';
    else if (writes && (errno === EPERM || errno === EROFS)) code = 'nbd.read-only';
    const name = COMMAND_NAMES[request.command] ?? 'request';
    const tail = said === '' ? '' : `: ${said.slice(0, 200)}`;
    return new MigrationError(
      code,
      `The NBD server failed a ${name} at ${request.offset} of ${request.length} bytes with errno ${errno}${tail}`,
      { context: { ...this.where, errno, offset: request.offset } },
    );
  }
}

const COMMAND_NAMES: Readonly<Record<number, string>> = {
  [wire.CMD_READ]: 'read',
  [wire.CMD_WRITE]: 'write',
  [wire.CMD_FLUSH]: 'flush',
  [wire.CMD_WRITE_ZEROES]: 'write-zeroes',
  [wire.CMD_BLOCK_STATUS]: 'block-status',
};
