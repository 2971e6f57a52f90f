import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthAfter, initialHealth } from '@ossea/tunnel';
import type { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { openDatabase } from '../database/data-source.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { OutboxEvent } from '../progress/outbox-event.entity.js';
import { Outbox } from '../progress/outbox.js';
import { TunnelEventRow } from './tunnel-event.entity.js';
import { KEEP_DAYS, KEEP_ROWS, TunnelHistory } from './tunnel-history.js';

const VMA = newId('vma');
const OTHER = newId('vma');
let directory: string;
let database: DataSource;
let history: TunnelHistory;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ossea-history-'));
  database = await openDatabase(parseConfig({ stateDir: directory }));
  history = new TunnelHistory(database, new UnitOfWork(database), new Outbox(database));
});
afterEach(async () => {
  await database.destroy();
  await rm(directory, { recursive: true, force: true });
});

const now = new Date();
const down = healthAfter(initialHealth(now), { type: 'disconnected', why: 'The connection was lost.' }, now);
const up = healthAfter(initialHealth(now), { type: 'connected', link: 'all' }, now);
const degraded = healthAfter(up, { type: 'probe-failed', direction: 'to-oma', why: 'no answer' }, now);

const row = (vmaId: string, at: Date) => ({
  id: newId('tev'),
  vmaId,
  at,
  state: 'up' as const,
  because: 'Both directions answer.',
  direction: null,
  rttMs: null,
});
const insert = async (rows: readonly ReturnType<typeof row>[]) => {
  for (let from = 0; from < rows.length; from += 100)
    await database.getRepository(TunnelEventRow).insert(rows.slice(from, from + 100));
};

it('keeps a row and a fact of every change, in their order', async () => {
  for (const health of [up, degraded, down]) history.add(VMA, health);
  await history.settled();
  const { items } = await history.page(VMA, { limit: 10 });
  expect(items.map(({ state, direction }) => [state, direction])).toEqual([
    ['down', undefined],
    ['degraded', 'to-oma'],
    ['up', undefined],
  ]);
  const facts = await database.getRepository(OutboxEvent).find({ order: { seq: 'ASC' } });
  expect(facts.map(({ type, data }) => [type, data])).toEqual([
    ['tunnel.up', { vmaId: VMA }],
    ['tunnel.degraded', { vmaId: VMA, reason: degraded.because, direction: 'to-oma' }],
    ['tunnel.down', { vmaId: VMA, reason: 'The connection was lost.' }],
  ]);
});

it('forgets what is older than a month, of this VMA', async () => {
  const old = new Date(now.getTime() - (KEEP_DAYS * 24 + 1) * 3_600_000);
  await insert([row(VMA, old), row(OTHER, old)]);
  history.add(VMA, up);
  await history.settled();
  expect((await history.page(VMA, { limit: 10 })).items).toHaveLength(1);
  expect((await history.page(OTHER, { limit: 10 })).items).toHaveLength(1);
});

it('keeps so many rows and no more, however often a tunnel changes', async () => {
  await insert(Array.from({ length: KEEP_ROWS }, () => row(VMA, now)));
  history.add(VMA, down);
  await history.settled();
  const rows = database.getRepository(TunnelEventRow);
  expect(await rows.countBy({ vmaId: VMA })).toBe(KEEP_ROWS);
  expect((await history.page(VMA, { limit: 1 })).items[0]?.state).toBe('down');
});
