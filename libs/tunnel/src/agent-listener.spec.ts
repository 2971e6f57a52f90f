import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AgentListener } from './agent-listener.js';

let directory: string;
const open: AgentListener[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'al-'));
});
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
  await rm(directory, { recursive: true });
});

async function listen(name: string, stillOurs?: () => boolean): Promise<AgentListener> {
  const identity = { id: 'a', publicKey: '', nbdSocketPath: '', agentSocketPath: join(directory, 'agent') };
  const answer = () => Promise.resolve(new PassThrough().end(name));
  const listener = await AgentListener.listen(identity, answer, stillOurs);
  open.push(listener);
  return listener;
}

async function said(): Promise<string> {
  const socket = net.connect(join(directory, 'agent'));
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return first.toString();
}

it('leaves the socket to the newer of two connections when the older one ends late', async () => {
  const older = await listen('older');
  await listen('newer');
  expect(await said()).toBe('newer');
  await older.close();
  expect(await said()).toBe('newer');
});

it('does not take the socket from a connection that claimed it while this one was being bound', async () => {
  await listen('newer');
  await expect(listen('older', () => false)).rejects.toThrow('a newer connection has claimed the socket');
  expect(await said()).toBe('newer');
});

it('leaves no file behind', async () => {
  const listener = await listen('one');
  expect(await readdir(directory)).toEqual(['agent']);
  await listener.close();
  expect(await readdir(directory)).toEqual([]);
});
