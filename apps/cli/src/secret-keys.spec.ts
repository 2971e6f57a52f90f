import { afterEach, beforeEach, expect, it } from 'vitest';
import { CliHarness } from './cli-harness.js';

const JOB = 'job_01J00000000000000000000000';
let cli: CliHarness;
beforeEach(async () => {
  cli = await CliHarness.start();
});
afterEach(() => cli[Symbol.asyncDispose]());

const job = (kind: string, more: object = {}) => ({
  id: JOB,
  kind,
  category: 'system',
  state: 'running',
  cancelRequested: false,
  percent: 0,
  correlationId: 'c',
  requestedBy: 'administrator',
  createdAt: '2026-01-02T03:04:05.678Z',
  links: { self: `/api/v1/jobs/${JOB}`, log: `/api/v1/jobs/${JOB}/log` },
  ...more,
});

it.each(['rotate', 'rewrap'])('starts a job that will %s the keys, and waits for it', async (verb) => {
  cli.oma.on(`POST /api/v1/admin/secrets/${verb}`, { status: 202, body: job(`${verb}-secrets`) });
  const ended = { state: 'succeeded', percent: 100, endedAt: '2026-01-02T03:04:06.678Z' };
  cli.oma.on(`GET /api/v1/jobs/${JOB}`, { body: job(`${verb}-secrets`, ended) });
  const { code, out } = await cli.run(['secrets', verb, '--wait']);
  expect(code).toBe(0);
  expect(out).toContain('succeeded');
});

it('lists the keys by their ids', async () => {
  const items = [{ id: '0a1b2c3d', current: true, present: true, secrets: 7 }];
  cli.oma.on('GET /api/v1/admin/secrets', { body: { source: 'file', items } });
  const { out } = await cli.run(['secrets', 'keys']);
  expect(out).toMatch(/0a1b2c3d +yes +yes +7/);
});
