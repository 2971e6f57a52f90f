import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AnchorFile } from './anchor-file.js';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchors-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const anchor = (seq: number) => ({
  seq,
  hash: 'a'.repeat(64),
  at: '2026-01-02T03:04:05.678Z',
  applianceId: 'oma_1',
  signature: 's',
});

it('keeps every anchor as a line, and no more than two files of them', async () => {
  const line = JSON.stringify(anchor(10)).length + 1;
  const file = new AnchorFile(directory, line * 5);
  await Promise.all(Array.from({ length: 17 }, (_, index) => file.keep(anchor(index + 10))));
  expect((await readdir(directory)).sort()).toEqual(['audit-anchors.jsonl', 'audit-anchors.jsonl.1']);
  const text = (name: string) => readFile(join(directory, name), 'utf8');
  const lines = (await text('audit-anchors.jsonl.1')) + (await text('audit-anchors.jsonl'));
  const seqs = lines
    .trimEnd()
    .split('\n')
    .map((one) => (JSON.parse(one) as { seq: number }).seq);
  expect(seqs).toEqual([20, 21, 22, 23, 24, 25, 26]);
});
