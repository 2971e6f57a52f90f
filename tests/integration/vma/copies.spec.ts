import { randomFillSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { agentPaths, type CopyEvent } from '@ossea/agent-protocol';
import { CLUSTER_BYTES, parseJournal } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CopySite, SIZE_BYTES } from './copy-site.js';

/* Copies over the agent's API, from real NBD servers through SSH into a real storage daemon. */

let site: CopySite;
let count = 0;
let copy: string;
beforeAll(async () => {
  site = await CopySite.start();
});
afterAll(() => site[Symbol.asyncDispose]());
beforeEach(() => {
  site.files.bitsPerSecond = '100G';
  count += 1;
  copy = `copy-${count}-vda`;
});

const progressOf = (events: readonly CopyEvent[]) =>
  events.flatMap((event) => ('progress' in event ? [event.progress.bytesDone] : []));
const remove = (path: string) => site.vma.api.call(path, { method: 'DELETE' });

it('copies a disk, tells what is done and one end, and gives out its journal', async () => {
  const started = await site.vma.api.startCopy(copy, site.order());
  expect(started).toMatchObject({ status: 200, body: { state: 'running' } });
  const events = await site.vma.api.copyEvents(copy);
  expect(events.at(-1)).toMatchObject({ result: { bytesTotal: SIZE_BYTES, bytesDone: SIZE_BYTES } });
  expect(events.filter((event) => !('progress' in event) && !('ping' in event))).toHaveLength(1);
  expect(progressOf(events).at(-1)).toBe(SIZE_BYTES);
  expect(await site.isSame()).toBe(true);

  const { status, bytes, headers } = await site.vma.api.call(agentPaths.copyJournal(copy));
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('application/octet-stream');
  expect(parseJournal(bytes)?.finished.size).toBe(SIZE_BYTES / CLUSTER_BYTES);
  const file = `${site.vma.config.stateDir}/journals/${copy}.journal`;
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(bytes.equals(await readFile(file))).toBe(true);

  // whoever comes late learns the same
  expect((await site.vma.api.copyEvents(copy)).at(-1)).toEqual(events.at(-1));
  expect((await remove(`${agentPaths.copies}?prefix=copy-${count}`)).status).toBe(204);
  for (const path of [agentPaths.copyJournal(copy), agentPaths.copyEvents(copy)])
    expect(await site.vma.api.call(path)).toMatchObject({
      status: 404,
      body: { code: 'resource.not-found', context: { copy } },
    });
});

it('copies what changed, and asks for a full copy when that is not known any more', async () => {
  await site.vma.api.startCopy(copy, site.order());
  await site.vma.api.copyEvents(copy);
  const token = await site.vma.api.source('conn_1', 'changedBlocks.token', {
    disk: 'vda',
    snapshot: site.snapshot,
  });
  const { token: since } = token.body as { token: string };
  site.files.write('vda', 7 * CLUSTER_BYTES - 10, randomFillSync(Buffer.alloc(20)));
  await site.takeSnapshot();
  const work = { kind: 'incremental' as const, since };
  await site.vma.api.startCopy(`${copy}-i`, site.order({ work }));
  const events = await site.vma.api.copyEvents(`${copy}-i`);
  expect(events.at(-1)).toMatchObject({ result: { bytesTotal: 2 * CLUSTER_BYTES } });
  expect(await site.isSame()).toBe(true);

  site.files.faults.set('changes', [new MigrationError('tracking.reset', 'The bitmap is gone.')]);
  await site.vma.api.startCopy(`${copy}-r`, site.order({ work }));
  expect(await site.vma.api.copyEvents(`${copy}-r`)).toMatchObject([
    { problem: { code: 'tracking.reset', correlationId: 'cor-1' } },
  ]);
  // nothing was begun: there is no journal
  expect((await site.vma.api.call(agentPaths.copyJournal(`${copy}-r`))).status).toBe(404);
});

it('joins the same order, refuses another, and tells at most four measurements a second', async () => {
  site.slowly();
  const beganMs = performance.now();
  await site.vma.api.startCopy(copy, site.order());
  const watching = site.vma.api.copyEvents(copy);
  expect(await site.vma.api.startCopy(copy, site.order({ correlationId: 'cor-2' }))).toMatchObject({
    status: 200,
    body: { state: 'running' },
  });
  expect(await site.vma.api.startCopy(copy, site.order({ journalIdentity: 'other' }))).toMatchObject({
    status: 409,
    body: { code: 'request.conflict' },
  });
  const events = await watching;
  const seconds = (performance.now() - beganMs) / 1_000;
  expect(events.at(-1)).toHaveProperty('result');
  const told = progressOf(events);
  expect(told.length).toBeGreaterThan(5);
  expect(told.length).toBeLessThanOrEqual(Math.ceil(seconds * 4) + 2);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(events.some((event) => 'ping' in event)).toBe(seconds > 5);
});

it('has stopped when a DELETE is answered, and goes on from its journal', async () => {
  site.slowly();
  await site.vma.api.startCopy(copy, site.order());
  const watching = site.vma.api.copyEvents(copy);
  await site.vma.api.copyEvents(copy, (event) => 'progress' in event && event.progress.bytesDone > 2 << 20);
  const stopped = await remove(agentPaths.copy(copy));
  const before = await readFile(site.targetFile);
  expect(stopped).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect((await watching).at(-1)).toMatchObject({ problem: { code: 'call.aborted' } });
  expect(await remove(agentPaths.copy(copy))).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  site.files.bitsPerSecond = '100G';
  // whatever the engine still had in hand would have landed by now
  expect((await readFile(site.targetFile)).equals(before)).toBe(true);
  await site.vma.api.startCopy(copy, site.order());
  const events = await site.vma.api.copyEvents(copy);
  expect(events.at(-1)).toMatchObject({ result: { bytesDone: SIZE_BYTES } });
  expect(await site.isSame()).toBe(true);
});

it('ends with the engine’s own error, its context included', async () => {
  await site.vma.api.startCopy(copy, site.order({ exportName: 'not-there' }));
  expect((await site.vma.api.copyEvents(copy)).at(-1)).toMatchObject({
    problem: { code: 'nbd.export-missing', context: { end: 'target' }, retryable: true },
  });
  await site.vma.api.startCopy(copy, site.order({ sizeBytes: 8 << 20 }));
  expect((await site.vma.api.copyEvents(copy)).at(-1)).toMatchObject({
    problem: { code: 'disk.size-mismatch', context: { end: 'source' } },
  });
  await site.vma.api.startCopy(copy, site.order({ session: 'conn_9' }));
  expect((await site.vma.api.copyEvents(copy)).at(-1)).toMatchObject({
    problem: { code: 'resource.not-found', context: { session: 'conn_9' } },
  });
});
