import { expect, it } from 'vitest';
import { certify } from './certificates.js';
import { openDatastoreBench } from './datastore-bench.js';
import { MIB, call, contentOf, hashOf, snapshotDisk } from './reader-bench.js';

it('a session that ends in the middle of a copy is replaced, and the copy goes on', async () => {
  const shown = await certify({ commonName: 'vc', names: ['IP:127.0.0.1'] });
  await using bench = await openDatastoreBench(shown);
  const { server } = bench;
  let cookie = server.cookie;
  const listeners = new Set<() => void>();
  let beats = 0;
  const transport = await bench.transport(
    {
      cookie: () => cookie,
      onLogin: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      keepAlive: async () => {
        beats += 1;
        // what the session does: it asks, is refused, and logs in again
        if (cookie === server.cookie) return;
        cookie = server.cookie;
        for (const listener of listeners) listener();
      },
    },
    { keepAliveMs: 200 },
  );
  const lease = await transport.open(snapshotDisk(), call);
  server.onRequest = (offset) => {
    if (offset >= 4 * MIB) server.cookie = 'vmware_soap_session="second"';
  };
  expect(await contentOf(lease)).toBe(await hashOf(bench.file));
  expect(server.seen.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
  expect(server.seen.at(-1)).toMatchObject({ status: 206 });
  expect(beats).toBeGreaterThan(0);

  await lease[Symbol.asyncDispose]();
  // nobody asks after a session that nobody needs
  expect(listeners.size).toBe(0);
  expect(await bench.leftovers()).toEqual([]);
  expect(bench.log.filter(({ level }) => level === 'warn').map(({ details }) => details)).toEqual([
    expect.stringContaining('error: 401'),
  ]);
});

it('a session that has ended before the first byte is replaced, and the disk opens', async () => {
  const shown = await certify({ commonName: 'vc', names: ['IP:127.0.0.1'] });
  await using bench = await openDatastoreBench(shown);
  const { server } = bench;
  let cookie = server.cookie;
  let beats = 0;
  const transport = await bench.transport({
    cookie: () => cookie,
    onLogin: () => () => undefined,
    keepAlive: async () => {
      beats += 1;
      cookie = server.cookie;
    },
  });
  server.cookie = 'vmware_soap_session="second"';
  await using lease = await transport.open(snapshotDisk(), call);
  expect(await contentOf(lease)).toBe(await hashOf(bench.file));
  expect(beats).toBe(1);
  expect(bench.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
});
