import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { JournalWriter, journalHeader, journalRecord } from './journal-writer.js';
import { RECORD_CHECKPOINT, RECORD_DATA, RECORD_ZERO, parseJournal, readJournal } from './journal.js';
import type { ClusterDigest } from './port.js';

const SIZE = 40 * 65_536 + 512;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ossea-journal-'));
});
afterAll(() => rm(dir, { recursive: true }));

const digest = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes): ClusterDigest => Buffer.from(bytes).toString('hex'));
type Step =
  | { kind: 'data'; first: number; digests: ClusterDigest[] }
  | { kind: 'zero'; first: number; count: number }
  | { kind: 'checkpoint' };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('data' as const),
    first: fc.nat(2 ** 40),
    digests: fc.array(digest, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('zero' as const), first: fc.nat(60), count: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('checkpoint' as const) }),
);

/** What the records above the last checkpoint say. */
function model(steps: readonly Step[]): Map<number, ClusterDigest | undefined> {
  const last = steps.findLastIndex((entry) => entry.kind === 'checkpoint');
  const finished = new Map<number, ClusterDigest | undefined>();
  for (const entry of steps.slice(0, last + 1)) {
    if (entry.kind === 'data') entry.digests.forEach((hex, i) => finished.set(entry.first + i, hex));
    if (entry.kind === 'zero')
      for (let i = 0; i < entry.count; i += 1) finished.set(entry.first + i, undefined);
  }
  return finished;
}

async function write(path: string, steps: readonly Step[]): Promise<void> {
  const writer = await JournalWriter.open(path, { identity: 'copy-1', sizeBytes: SIZE });
  for (const entry of steps) {
    if (entry.kind === 'data') writer.data(entry.first, entry.digests);
    else if (entry.kind === 'zero') writer.zero(entry.first, entry.count);
    else await writer.checkpoint();
  }
  await writer.close();
}

it('what is written is what is parsed, also when it is continued', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.array(step, { maxLength: 8 }),
      async (first, then) => {
        const path = join(dir, `w${(run += 1)}`);
        await write(path, first);
        await write(path, then);
        const expected = new Map([...model(first), ...model(then)]);
        expect((await readJournal(path))?.finished).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

it('a tail torn at any byte, or any flipped bit, costs only what stands behind the checkpoint before it', () => {
  const parts = [
    journalHeader('copy-1', SIZE),
    journalRecord(RECORD_DATA, 3, 2, ['11'.repeat(16), '22'.repeat(16)]),
    journalRecord(RECORD_CHECKPOINT, 0, 0),
    journalRecord(RECORD_ZERO, 9, 3),
    journalRecord(RECORD_DATA, 20, 1, ['33'.repeat(16)]),
    journalRecord(RECORD_CHECKPOINT, 0, 0),
  ];
  const whole = Buffer.concat(parts);
  const afterFirst = parts.slice(0, 3).reduce((sum, part) => sum + part.length, 0);
  const expected = (intact: number): number[] =>
    intact >= whole.length ? [3, 4, 9, 10, 11, 20] : intact >= afterFirst ? [3, 4] : [];
  for (let length = 0; length <= whole.length; length += 1) {
    const journal = parseJournal(whole.subarray(0, length));
    if (length < 64) expect(journal).toBeUndefined();
    else expect([...(journal?.finished.keys() ?? [])]).toEqual(expected(length));
  }
  for (let at = 0; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
    const journal = parseJournal(flipped);
    if (at < 64) expect(journal).toBeUndefined();
    else expect([...(journal?.finished.keys() ?? [])]).toEqual(expected(at));
  }
});

it('a continued journal is cut off behind its last checkpoint', async () => {
  const path = join(dir, 'torn');
  await write(path, [{ kind: 'zero', first: 0, count: 2 }, { kind: 'checkpoint' }]);
  const sealed = await readFile(path);
  await writeFile(path, Buffer.concat([sealed, journalRecord(RECORD_ZERO, 30, 1), Buffer.alloc(7, 1)]));
  await write(path, [{ kind: 'zero', first: 5, count: 1 }, { kind: 'checkpoint' }]);
  expect([...((await readJournal(path))?.finished.keys() ?? [])]).toEqual([0, 1, 5]);
});

it.each([
  ['another identity', { identity: 'copy-2', sizeBytes: SIZE }],
  ['another size', { identity: 'copy-1', sizeBytes: SIZE + 512 }],
])('a journal with %s is replaced', async (_what, copy) => {
  const path = join(dir, 'other');
  await write(path, [{ kind: 'zero', first: 0, count: 2 }, { kind: 'checkpoint' }]);
  const writer = await JournalWriter.open(path, copy);
  expect(writer.resumed).toBeUndefined();
  await writer.close();
  expect(await readJournal(path)).toMatchObject({
    sizeBytes: copy.sizeBytes,
    checkpoints: 0,
    validBytes: 64,
  });
});

it('records without a checkpoint, and rewound ones, do not count', async () => {
  const path = join(dir, 'rewound');
  const writer = await JournalWriter.open(path, { identity: 'copy-1', sizeBytes: SIZE });
  writer.zero(1, 1);
  const before = writer.pendingRecords;
  writer.zero(2, 1);
  writer.rewind(before);
  await writer.checkpoint();
  writer.zero(3, 1);
  await writer.close();
  expect([...((await readJournal(path))?.finished.keys() ?? [])]).toEqual([1]);
});

it('a journal that cannot be written is a storage error', async () => {
  await expect(
    JournalWriter.open(join(dir, 'no', 'such', 'folder'), { identity: 'x', sizeBytes: SIZE }),
  ).rejects.toMatchObject({ code: 'storage.io-failed' });
});
