import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client } from 'ssh2';

/*
 * A client that asks for anything at any time: ssh2's own methods check what they send, and refuse before the log-in.
 * It reaches into ssh2 1.17.0; a release that is built otherwise fails loudly here.
 */
const require = createRequire(import.meta.url);
const ssh2 = require('ssh2') as typeof import('ssh2');
const { sendPacket } = require('ssh2/lib/protocol/utils.js') as {
  sendPacket(protocol: Protocol, packet: Buffer): void;
};

interface Protocol {
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      alloc(bytes: number): Buffer;
      finalize(packet: Buffer): Buffer;
    };
  };
}
type Opened = (error: Error | undefined, channel: RawChannel) => void;
type Replied = (refused: boolean | Error, data?: Buffer) => void;
interface Inside {
  readonly _protocol: Protocol;
  readonly _chanMgr: { add(opened: Opened & { type?: string }): number };
  readonly _callbacks: Replied[];
  readonly _forwarding: Record<string, number>;
}
export type Raw = Client;
export interface RawChannel extends Duplex {
  readonly outgoing: { readonly id: number };
  readonly _callbacks: Replied[];
}

const GLOBAL_REQUEST = 80;
const CHANNEL_OPEN = 90;
const CHANNEL_REQUEST = 98;
const WINDOW_BYTES = 1 << 20;
const PACKET_BYTES = 32 << 10;

export const byte = (value: number): Buffer => Buffer.from([value]);
export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
export const string = (value: string): Buffer =>
  Buffer.concat([uint32(Buffer.byteLength(value)), Buffer.from(value)]);

const inside = (client: Raw): Inside => client as unknown as Inside;

function send(client: Raw, ...parts: readonly Buffer[]): void {
  const protocol = inside(client)._protocol;
  const payload = Buffer.concat(parts);
  const { write } = protocol._packetRW;
  const packet = write.alloc(payload.length);
  packet.set(payload, write.allocStart);
  sendPacket(protocol, write.finalize(packet));
}

/** The opened channel, or `undefined` when it was refused. Pending while the server says nothing. */
export function openChannel(client: Raw, type: string, data: Buffer): Promise<RawChannel | undefined> {
  return new Promise((resolve) => {
    const opened: Opened & { type?: string } = (error, channel) => resolve(error ? undefined : channel);
    opened.type = type;
    const id = inside(client)._chanMgr.add(opened);
    client.once('close', () => resolve(undefined));
    send(
      client,
      byte(CHANNEL_OPEN),
      string(type),
      uint32(id),
      uint32(WINDOW_BYTES),
      uint32(PACKET_BYTES),
      data,
    );
  });
}

/** Whether the server granted it. Pending while the server says nothing. */
export function askGlobally(client: Raw, name: string, data: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    inside(client)._callbacks.push((refused) => resolve(!refused));
    client.once('close', () => resolve(false));
    send(client, byte(GLOBAL_REQUEST), string(name), byte(1), data);
  });
}

/** Asks the server to listen, and answers every call that comes back with a line. */
export function offer(client: Raw, host: string, port: number, line: string): Promise<boolean> {
  client.on(
    'tcp connection',
    (_info, accept) =>
      void accept()
        .on('error', () => undefined)
        .end(`${line}\n`),
  );
  // or it refuses the calls as unexpected; they may name the host only up to a NUL
  for (const named of [host, host.split('\0')[0]]) inside(client)._forwarding[`${named}:${port}`] = port;
  return askGlobally(client, 'tcpip-forward', listenAt(host, port));
}

export const listenAt = (host: string, port: number): Buffer => Buffer.concat([string(host), uint32(port)]);

export function askChannel(client: Raw, channel: RawChannel, name: string, data: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    channel._callbacks.push((refused) => resolve(!refused));
    client.once('close', () => resolve(false));
    channel.once('close', () => resolve(false));
    send(client, byte(CHANNEL_REQUEST), uint32(channel.outgoing.id), string(name), byte(1), data);
  });
}

export interface Door {
  readonly port: number;
  readonly username: string;
  readonly method: AnyAuthMethod;
}

/** Logs in; rejects when it is refused. The caller ends the client. */
export function logIn(door: Door): Promise<Raw> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.once('close', () => reject(new Error('the server closed the connection')));
    client.once('ready', () => resolve(client));
    connect(client, door, [door.method]);
  });
}

/**
 * Tries the method, is refused, and asks nevertheless. The method `none` at the end only shows that the server has
 * worked off everything before it.
 * @returns 'logged in', 'granted', or 'refused'.
 */
export function askUnauthenticated(door: Door, ask: (client: Raw) => Promise<boolean>): Promise<string> {
  const client = new ssh2.Client();
  return new Promise<string>((resolve) => {
    // what was granted just before may still be on its way through a promise
    client.on('error', () => setImmediate(resolve, 'refused'));
    client.once('close', () => setImmediate(resolve, 'refused'));
    client.once('ready', () => resolve('logged in'));
    const methods: AnyAuthMethod[] = [door.method, { type: 'none', username: door.username }];
    connect(client, door, methods, (left) => {
      if (left === 1) void ask(client).then((granted) => granted && resolve('granted'));
    });
  }).finally(() => client.destroy());
}

function connect(
  client: Raw,
  { port, username }: Door,
  methods: readonly AnyAuthMethod[],
  before: (left: number) => void = () => undefined,
): void {
  const left = [...methods];
  client.connect({
    host: '127.0.0.1',
    port,
    username,
    // or the client refuses what only OpenSSH serves, and nothing is proven
    strictVendor: false,
    authHandler: (_left, _partial, next) => {
      before(left.length);
      // the types forbid `false`, which is how it says that it gives up
      next((left.shift() ?? false) as AnyAuthMethod);
    },
  });
}
