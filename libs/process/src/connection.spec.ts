import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createProcessRunner } from './index.js';
import { StderrLines } from './stderr-ring.js';

const run = createProcessRunner();
const { signal } = new AbortController();

let server: net.Server;
let accepted: Promise<Socket>;
let client: Socket;
beforeEach(async () => {
  server = net.createServer({ pauseOnConnect: true });
  accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
});
afterEach(async () => {
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

it('hands an accepted connection to a child, from its first byte on, and its standard error to us by the line', async () => {
  client.write('what was said early\n');
  const connection = await accepted;
  const lines: string[] = [];
  const child = await run.start(
    {
      command: 'sh',
      args: ['-c', 'echo one >&2; printf "two\\r\\n" >&2; exec cat'],
      readyWhen: 'spawned',
      connection,
      onStderrLine: (line) => lines.push(line),
    },
    { signal },
  );
  connection.destroy();
  expect(String((await once(client, 'data'))[0])).toBe('what was said early\n');
  client.write('and later\n');
  expect(String((await once(client, 'data'))[0])).toBe('and later\n');
  client.end();
  // our copy is closed: the child's end is the connection's
  await once(client, 'end');
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(lines).toEqual(['one', 'two']);
  expect(child.stderrTail()).toContain('one');
});

it('says that a connection which was closed meanwhile cannot be handed over', async () => {
  const connection = await accepted;
  connection.destroy();
  const start = run.start({ command: 'cat', args: [], readyWhen: 'spawned', connection }, { signal });
  await expect(start).rejects.toMatchObject({ code: 'process.failed' });
});

it('cuts lines wherever the pieces end, and a line without an end into pieces', () => {
  const lines: string[] = [];
  const cut = new StderrLines((line) => lines.push(line));
  for (const piece of ['a', 'b\nc\r', '\n\nd', 'x'.repeat(5_000)]) cut.add(piece);
  expect(lines).toEqual(['ab', 'c', '', `d${'x'.repeat(5_000)}`]);
});
