import { connect, type Socket } from 'node:net';
import { MigrationError, asMigrationError, type ErrorContext } from '@ossea/errors';
import { negotiate, type NbdExportInfo } from './nbd-handshake.js';
import { NbdReplies, type Pending } from './nbd-replies.js';
import * as wire from './nbd-wire.js';
import type { ByteRange, NbdAddress } from './port.js';

const HANDSHAKE_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 300;
const STATUS_BYTES = 1 << 30;

export interface NbdConnectOptions {
  /** Aborting it destroys the connection: every request rejects with `call.aborted`. */
  readonly signal: AbortSignal;
  /** Meta contexts to ask for: `base:allocation`, `qemu:dirty-bitmap:<name>`. */
  readonly contexts?: readonly string[];
  /** Which end of a copy this is; told in the context of every error. */
  readonly end?: 'source' | 'target';
  /** Milliseconds until a server that does not answer the handshake counts as lost; 15 000 unless told. */
  readonly handshakeTimeoutMs?: number;
}

/** A range with the flags that a meta context gives it. */
export interface NbdExtent extends ByteRange {
  readonly flags: number;
}

/**
 * One NBD connection in the transmission phase: fixed newstyle, structured replies where the server has them,
 * meta contexts, any number of requests in flight. Every failure is a `MigrationError`:
 * `nbd.connection-lost`, `nbd.export-missing`, `nbd.request-failed` (`errno` and `offset` in its context),
 * `nbd.read-only`, `storage.full` (ENOSPC), `peer.protocol`, `call.aborted`. A protocol error ends the connection.
 * Source of protocol facts: NBD protocol, doc/proto.md.
 */
export class NbdClient implements AsyncDisposable {
  private readonly replies: NbdReplies;
  private lastCookie = 0n;

  private constructor(
    private readonly socket: Socket,
    reader: wire.WireReader,
    private readonly info: NbdExportInfo,
    private readonly where: ErrorContext,
    private readonly release: () => void,
  ) {
    this.replies = new NbdReplies(reader, info, where);
    void this.replies.run().then((error) => {
      release();
      socket.destroy();
      return error;
    });
  }

  /**
   * Connects and negotiates.
   * @param address Unix socket or TCP address, with the name of the export.
   */
  static async connect(address: NbdAddress, options: NbdConnectOptions): Promise<NbdClient> {
    const where: ErrorContext = {
      export: address.exportName,
      ...(options.end === undefined ? {} : { end: options.end }),
    };
    if (options.signal.aborted) throw aborted(where);
    const socket =
      address.transport === 'nbd-unix'
        ? connect({ path: address.path })
        : connect({ host: address.host, port: address.port });
    socket.setNoDelay(true);
    const reader = new wire.WireReader(socket, where);
    const fail = (error: MigrationError): void => {
      reader.fail(error);
      socket.destroy();
    };
    const onAbort = (): void => fail(aborted(where));
    options.signal.addEventListener('abort', onAbort, { once: true });
    const release = (): void => options.signal.removeEventListener('abort', onAbort);
    const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    const timer = setTimeout(() => {
      const message = `The NBD server did not answer within ${timeoutMs} ms.`;
      fail(new MigrationError('nbd.connection-lost', message, { context: where }));
    }, timeoutMs);
    try {
      const info = await negotiate(socket, reader, address.exportName, options.contexts ?? [], where);
      return new NbdClient(socket, reader, info, where, release);
    } catch (error) {
      release();
      socket.destroy();
      throw asMigrationError(error, 'peer.protocol');
    } finally {
      clearTimeout(timer);
    }
  }

  get sizeBytes(): number {
    return this.info.sizeBytes;
  }

  get blockSizes(): NbdExportInfo['blockSizes'] {
    return this.info.blockSizes;
  }

  /** Raw transmission flags, as the server sent them. */
  get transmissionFlags(): number {
    return this.info.transmissionFlags;
  }

  get readOnly(): boolean {
    return (this.info.transmissionFlags & 2) !== 0;
  }

  get canFlush(): boolean {
    return (this.info.transmissionFlags & 4) !== 0;
  }

  get canWriteZeroes(): boolean {
    return (this.info.transmissionFlags & 64) !== 0;
  }

  /** Whether the server granted a meta context. */
  hasContext(name: string): boolean {
    return [...this.info.contexts.values()].includes(name);
  }

  /** Reads exactly `length` bytes; at most `blockSizes.maximum`. */
  async read(offset: number, length: number): Promise<Buffer> {
    const answer = await this.request(wire.CMD_READ, offset, length);
    if (!answer.bytes) throw wire.garbage('a read without bytes', this.where);
    return answer.bytes;
  }

  /** Writes all of `bytes`; acknowledged is not durable: that takes `flush`. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.request(wire.CMD_WRITE, offset, bytes.length, bytes);
  }

  /** Makes a range read as zeroes (the server may punch a hole; it is never a trim). */
  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.request(wire.CMD_WRITE_ZEROES, offset, length);
  }

  /** Resolves once everything acknowledged before is durable. Throws `nbd.no-flush` when the server cannot. */
  async flush(): Promise<void> {
    if (!this.canFlush) {
      throw new MigrationError('nbd.no-flush', 'The NBD server does not offer FLUSH.', {
        context: this.where,
      });
    }
    await this.request(wire.CMD_FLUSH, 0, 0);
  }

  /** One block-status request: extents from `offset` on, cut at the end of the range, perhaps not all of it. */
  async blockStatus(context: string, range: ByteRange): Promise<NbdExtent[]> {
    if (!this.hasContext(context)) {
      throw new MigrationError('peer.protocol', `The NBD server does not offer ${context}.`, {
        context: { ...this.where, metaContext: context },
      });
    }
    const answer = await this.request(wire.CMD_BLOCK_STATUS, range.offset, range.length);
    const extents = answer.extents.get(context);
    if (!extents?.length) throw wire.garbage(`no extents for ${context}`, this.where);
    return extents;
  }

  /**
   * All extents of a range (of the whole export when omitted), sorted, gapless, equal neighbours merged.
   * @param context a meta context that was asked for at `connect`.
   */
  async extents(context: string, range?: ByteRange): Promise<NbdExtent[]> {
    const from = range?.offset ?? 0;
    const end = from + (range?.length ?? this.sizeBytes - from);
    const all: { offset: number; length: number; flags: number }[] = [];
    for (let at = from; at < end;) {
      for (const extent of await this.blockStatus(context, {
        offset: at,
        length: Math.min(STATUS_BYTES, end - at),
      })) {
        const last = all.at(-1);
        if (last && last.flags === extent.flags) last.length += extent.length;
        else all.push({ ...extent });
        at = extent.offset + extent.length;
      }
    }
    return all;
  }

  /** Ends the connection politely; requests in flight reject. Closing twice is harmless. */
  async close(): Promise<void> {
    if (this.socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.end(wire.disconnectRequest());
    const timer = setTimeout(() => this.socket.destroy(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }

  /** Drops the connection at once; requests in flight reject with `reason`. */
  destroy(reason: MigrationError): void {
    this.replies.fail(reason);
    this.socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async request(
    command: number,
    offset: number,
    length: number,
    payload?: Uint8Array,
  ): Promise<Required<Pick<Pending, 'extents'>> & Pick<Pending, 'bytes'>> {
    const writes = command === wire.CMD_WRITE || command === wire.CMD_WRITE_ZEROES;
    if (writes && this.readOnly) {
      // QEMU would answer EINVAL, which says nothing
      const message = 'The NBD export is read-only.';
      throw new MigrationError('nbd.read-only', message, { context: this.where });
    }
    this.checkRange(command, offset, length);
    this.lastCookie += 1n;
    const cookie = this.lastCookie;
    const answered = this.replies.expect(cookie, command, offset, length);
    if (!this.socket.destroyed) {
      this.socket.cork();
      this.socket.write(wire.requestHeader(command, cookie, offset, length));
      if (payload && payload.length > 0) this.socket.write(payload);
      this.socket.uncork();
    }
    return answered;
  }

  private checkRange(command: number, offset: number, length: number): void {
    if (command === wire.CMD_FLUSH) return;
    const limit =
      command === wire.CMD_READ || command === wire.CMD_WRITE ? this.blockSizes.maximum : STATUS_BYTES;
    const valid =
      Number.isSafeInteger(offset) &&
      Number.isSafeInteger(length) &&
      offset >= 0 &&
      length > 0 &&
      length <= limit &&
      offset + length <= this.sizeBytes;
    if (!valid) {
      throw new MigrationError(
        'request.invalid',
        `A request at ${offset} of ${length} bytes does not fit an export of ${this.sizeBytes} bytes.`,
        { context: { ...this.where, offset, length } },
      );
    }
  }
}

function aborted(where: ErrorContext): MigrationError {
  return new MigrationError('call.aborted', 'The call was aborted.', { context: where });
}
