import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BlindRelay } from './blind-relay.js';

let directory = '';
let server: Server;
let path = '';
let relay: BlindRelay;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'br-'));
  path = join(directory, 'r');
});
afterEach(async () => {
  await relay[Symbol.asyncDispose]();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function listen(onConnection: (socket: Socket) => void): Promise<{ host: string; port: number }> {
  server = createServer({ allowHalfOpen: true }, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** Everything up to the end of the other side; the socket itself stays open for writing. */
function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('error', reject);
  });
}

it('hands on everything in both directions, and the ends of both', async () => {
  const answer = randomBytes(4 * 1024 ** 2);
  const question = randomBytes(4 * 1024 ** 2);
  let asked: Promise<Buffer> | undefined;
  const to = await listen((socket) => {
    asked = received(socket);
    // it answers only after it has heard everything
    void asked.then(() => socket.end(answer));
  });
  relay = await BlindRelay.open(path, to);
  const client = connect({ path, allowHalfOpen: true });
  client.end(question);
  expect((await received(client)).equals(answer)).toBe(true);
  expect((await asked!).equals(question)).toBe(true);
});

it('lets its client go when nobody is there, and serves the next one', async () => {
  const to = await listen((socket) => void socket.resume().end('here'));
  const { port } = to;
  await new Promise((resolve) => server.close(resolve));
  relay = await BlindRelay.open(path, to);
  const closed = new Promise((resolve) => {
    const lost = connect(path);
    lost.on('error', () => undefined);
    lost.once('close', resolve);
    lost.resume();
  });
  await closed;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(String(await received(connect(path)))).toBe('here');
});

it('cuts what is connected when it is closed, once or twice', async () => {
  let connected: (socket: Socket) => void;
  const atServer = new Promise<Socket>((resolve) => (connected = resolve));
  relay = await BlindRelay.open(path, await listen((socket) => connected(socket)));
  const client = connect(path);
  const near = await atServer;
  const closed = [client, near].map((socket) => {
    socket.on('error', () => undefined).resume();
    return new Promise((resolve) => socket.once('close', resolve));
  });
  await Promise.all([relay[Symbol.asyncDispose](), relay[Symbol.asyncDispose]()]);
  near.end();
  await Promise.all(closed);
});
