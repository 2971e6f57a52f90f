import { expect, it } from 'vitest';
import { listenersOf } from '../../forwarding-matrix/listeners.js';
import { askGlobally, listenAt, logIn } from '../../forwarding-matrix/raw-client.js';
import { startSite, until } from './site.js';

const ROUNDS = 60;

it('keeps no listener of a VMA that asks and cancels without waiting for the answers', async () => {
  await using site = await startSite();
  const { key, identity } = await site.addVma('a');
  const before = await listenersOf([process.pid]);
  const more = async () => [...(await listenersOf([process.pid]))].filter((one) => !before.has(one));
  const client = await logIn({
    port: site.port,
    username: 'vma',
    method: { type: 'publickey', username: 'vma', key: key.privateKey },
  });
  client.on('error', () => undefined).setMaxListeners(0);
  const ask = (name: string) => askGlobally(client, name, listenAt('127.0.0.1', 9081));
  const answers: Promise<boolean>[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    answers.push(ask('tcpip-forward'), ask('cancel-tcpip-forward'));
  answers.push(ask('tcpip-forward'));
  expect((await Promise.all(answers)).at(-1)).toBe(true);
  // the Unix socket, and the loopback port beside it
  expect((await more()).sort()).toEqual([
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    // under the name that it was bound to, before it took its place
    expect.stringContaining(`unix ${identity.agentSocketPath}`),
  ]);
  client.destroy();
  await until('nothing of it listens', async () => (await more()).length === 0, { timeoutMs: 5_000 });
});
