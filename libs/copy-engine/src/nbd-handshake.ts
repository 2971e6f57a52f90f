import type { Duplex } from 'node:stream';
import { MigrationError, isMigrationError, type ErrorContext } from '@ossea/errors';
import * as wire from './nbd-wire.js';

/** No honest option reply is longer than this. */
const MAX_OPTION_REPLY = 64 * 1024;
/** Nor does an honest server answer one option with more replies than this. */
const MAX_OPTION_REPLIES = 1024;

/** What the server said about the export. */
export interface NbdExportInfo {
  readonly sizeBytes: number;
  readonly transmissionFlags: number;
  readonly structuredReplies: boolean;
  readonly blockSizes: { readonly minimum: number; readonly preferred: number; readonly maximum: number };
  /** Negotiated meta contexts by id. */
  readonly contexts: ReadonlyMap<number, string>;
}

interface OptionReply {
  readonly type: number;
  readonly data: Buffer;
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/**
 * Fixed newstyle negotiation up to the transmission phase: structured replies, meta contexts, GO.
 * @param contexts meta contexts to ask for; those the server lacks are left out of the answer.
 * Throws `nbd.export-missing`, `nbd.connection-lost` (the server is going down), `peer.protocol`.
 * Source: NBD protocol, "Fixed newstyle negotiation"; a client that sets both handshake flags gets no padding.
 */
export async function negotiate(
  socket: Duplex,
  reader: wire.WireReader,
  exportName: string,
  contexts: readonly string[],
  where: ErrorContext,
): Promise<NbdExportInfo> {
  await greet(socket, reader, where);
  const option = (id: number, data: Buffer): Promise<OptionReply[] | undefined> =>
    negotiateOption(socket, reader, id, data, where);

  const name = Buffer.from(exportName);
  const structuredReplies = (await option(wire.OPT_STRUCTURED_REPLY, Buffer.alloc(0))) !== undefined;
  const negotiated = new Map<number, string>();
  if (contexts.length > 0 && structuredReplies) {
    const queries = contexts.map((context) => Buffer.from(context));
    const payload = [u32(name.length), name, u32(queries.length)];
    for (const query of queries) payload.push(u32(query.length), query);
    const replies = (await option(wire.OPT_SET_META_CONTEXT, Buffer.concat(payload))) ?? [];
    for (const reply of replies) {
      if (reply.type !== wire.REP_META_CONTEXT || reply.data.length < 5) {
        throw wire.garbage('an unexpected answer to SET_META_CONTEXT', where);
      }
      const context = reply.data.toString('utf8', 4);
      if (!contexts.includes(context)) throw wire.garbage('it granted a context nobody asked for', where);
      negotiated.set(reply.data.readUInt32BE(0), context);
    }
  }
  const request = Buffer.concat([u32(name.length), name, Buffer.from([0, 1, 0, wire.INFO_BLOCK_SIZE])]);
  const replies = await option(wire.OPT_GO, request);
  if (!replies) throw wire.garbage('it does not know the option GO', where);
  return { ...exportInfo(replies, where), structuredReplies, contexts: negotiated };
}

/**
 * Asks an NBD server whether it is there, and leaves again: greeting, flags and ABORT, which needs no export.
 * Rejects with `nbd.connection-lost` or `peer.protocol`; how long it may take is the caller's affair.
 * @param stream to the server, not read from yet; it is destroyed.
 */
export async function askNbdServer(stream: Duplex, where: ErrorContext = {}): Promise<void> {
  const reader = new wire.WireReader(stream, where);
  try {
    await greet(stream, reader, where);
    await negotiateOption(stream, reader, wire.OPT_ABORT, Buffer.alloc(0), where).catch((error: unknown) => {
      // a server may leave at once when it is told that we do
      if (!isMigrationError(error) || error.code !== 'nbd.connection-lost') throw error;
    });
  } finally {
    stream.destroy();
  }
}

/** The greeting of a fixed-newstyle server, and the flags that answer it. */
async function greet(socket: Duplex, reader: wire.WireReader, where: ErrorContext): Promise<void> {
  const greeting = await reader.read(18);
  if (
    greeting.readBigUInt64BE(0) !== wire.NBD_MAGIC ||
    greeting.readBigUInt64BE(8) !== wire.OPTION_MAGIC ||
    (greeting.readUInt16BE(16) & 1) === 0
  ) {
    throw wire.garbage('it is no fixed-newstyle NBD server', where);
  }
  // the server may offer more handshake flags than ours; only those it offered may be echoed
  socket.write(u32(greeting.readUInt16BE(16) & 3));
  if ((greeting.readUInt16BE(16) & 2) === 0) throw wire.garbage('it insists on zero padding', where);
}

function exportInfo(
  replies: readonly OptionReply[],
  where: ErrorContext,
): Omit<NbdExportInfo, 'structuredReplies' | 'contexts'> {
  let size: bigint | undefined;
  let transmissionFlags = 0;
  let blockSizes = { minimum: 1, preferred: 4096, maximum: 32 << 20 };
  for (const { type, data } of replies) {
    if (type !== wire.REP_INFO || data.length < 2) throw wire.garbage('an unexpected answer to GO', where);
    const what = data.readUInt16BE(0);
    if (what === wire.INFO_EXPORT) {
      if (data.length !== 12) throw wire.garbage('an export description of a wrong length', where);
      size = data.readBigUInt64BE(2);
      transmissionFlags = data.readUInt16BE(10);
    } else if (what === wire.INFO_BLOCK_SIZE) {
      if (data.length !== 14) throw wire.garbage('a block-size description of a wrong length', where);
      blockSizes = {
        minimum: data.readUInt32BE(2),
        preferred: data.readUInt32BE(6),
        maximum: data.readUInt32BE(10),
      };
    }
  }
  if (size === undefined) throw wire.garbage('it did not tell the size of the export', where);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw wire.garbage('an export of impossible size', where);
  if (blockSizes.minimum < 1 || blockSizes.maximum < blockSizes.minimum) {
    throw wire.garbage('impossible block sizes', where);
  }
  return { sizeBytes: Number(size), transmissionFlags, blockSizes };
}

/** All replies to one option; `undefined` when the server does not know it. */
async function negotiateOption(
  socket: Duplex,
  reader: wire.WireReader,
  id: number,
  data: Buffer,
  where: ErrorContext,
): Promise<OptionReply[] | undefined> {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(wire.OPTION_MAGIC, 0);
  header.writeUInt32BE(id, 8);
  header.writeUInt32BE(data.length, 12);
  socket.write(Buffer.concat([header, data]));
  const replies: OptionReply[] = [];
  for (;;) {
    const head = await reader.read(20);
    if (head.readBigUInt64BE(0) !== wire.OPTION_REPLY_MAGIC || head.readUInt32BE(8) !== id) {
      throw wire.garbage('an option reply that answers nothing', where);
    }
    const type = head.readUInt32BE(12);
    const length = head.readUInt32BE(16);
    if (length > MAX_OPTION_REPLY) throw wire.garbage('an option reply of absurd length', where);
    const body = await reader.read(length);
    if (type === wire.REP_ACK) return replies;
    if (type === wire.REP_ERR_UNSUPPORTED) return undefined;
    if (type >= wire.REP_ERR_BIT) throw refusal(type, body, where);
    replies.push({ type, data: body });
    if (replies.length > MAX_OPTION_REPLIES) throw wire.garbage('endless option replies', where);
  }
}

function refusal(type: number, body: Buffer, where: ErrorContext): MigrationError {
  const said = body.toString('utf8').slice(0, 200);
  if (type === wire.REP_ERR_UNKNOWN_EXPORT) {
    return new MigrationError('nbd.export-missing', `The NBD server does not have this export. ${said}`, {
      context: where,
    });
  }
  if (type === wire.REP_ERR_SHUTDOWN) {
    return new MigrationError('nbd.connection-lost', `The NBD server is shutting down. ${said}`, {
      context: where,
    });
  }
  return new MigrationError('peer.protocol', `The NBD server refused (0x${type.toString(16)}). ${said}`, {
    context: where,
  });
}
