import 'reflect-metadata';
import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../database/new-id.js';
import { Job } from './job.entity.js';
import { JobLives, gate, order, untilStopped } from './testing/job-lives.js';

let lives: JobLives;

beforeEach(async () => {
  lives = await JobLives.start();
});
afterEach(() => lives[Symbol.asyncDispose]());

describe('a job', () => {
  it('runs its steps in order and keeps its result, and tells of all of it after the commit', async () => {
    const { jobs, facts } = await lives.live();
    const contextId = newId('ctx');
    const { id, state } = await jobs.start(
      'copy',
      order(
        async (job) => {
          await job.step({ name: 'take-snapshot', label: 'Taking a snapshot' }, async () => undefined);
          await job.skip({ name: 'fold', label: 'Folding' }, 'deferred');
          await job.log('info', 'password=hunter2 is masked', { attributes: { token: 'x', n: 1 } });
          return { bytes: 5 };
        },
        { contextId },
      ),
    );
    expect(state).toBe('running');
    const job = await jobs.waitFor(id, 10_000);
    expect(job).toMatchObject({ state: 'succeeded', percent: 100, result: { bytes: 5 }, contextId });
    expect(job.links).toEqual({ self: `/api/v1/jobs/${id}`, log: `/api/v1/jobs/${id}/log` });
    expect(job.steps?.map(({ seq, name, state }) => [seq, name, state])).toEqual([
      [1, 'take-snapshot', 'succeeded'],
      [2, 'fold', 'deferred'],
    ]);
    const log = await jobs.log(id, { limit: 10 });
    expect(log.items[0]).toMatchObject({ level: 'info', attributes: { token: '[redacted]', n: 1 } });
    expect(log.items[0]?.message).not.toContain('hunter2');
    await vi.waitFor(() => expect(facts.map(({ type }) => type)).toContain('job.ended'));
    expect(facts.map(({ type }) => type)).toEqual([
      'job.started',
      'job.step-began',
      'job.step-ended',
      'job.step-ended',
      'job.logged',
      'job.ended',
    ]);
    expect(new Set(facts.map(({ correlationId }) => correlationId))).toEqual(new Set(['cor-1']));
  });

  it('fails with its cause, and so does the step that ran', async () => {
    const { jobs } = await lives.live();
    const { id } = await jobs.start(
      'copy',
      order((job) =>
        job.step({ name: 'seal', label: 'Sealing' }, async () => {
          throw new MigrationError('storage.full', 'The spool is full.');
        }),
      ),
    );
    const job = await jobs.waitFor(id, 10_000);
    const problem = { code: 'storage.full', cause: 'The spool is full.', correlationId: 'cor-1' };
    expect(job).toMatchObject({ state: 'failed', problem });
    expect(job.steps?.[0]).toMatchObject({ state: 'failed', problem });
  });

  it('wraps what is no error of ours, without its stack', async () => {
    const { jobs } = await lives.live();
    const { id } = await jobs.start(
      'copy',
      order(() => Promise.reject(new TypeError('x is undefined'))),
    );
    const { problem } = await jobs.waitFor(id, 10_000);
    expect(problem?.code).toBe('internal.unexpected');
    expect(JSON.stringify(problem)).not.toContain('.ts:');
  });

  it('is the only one of its VM context, but a lane of its own runs beside it', async () => {
    const { jobs } = await lives.live();
    const contextId = newId('ctx');
    const first = await jobs.start(
      'sync',
      order(
        untilStopped(() => undefined),
        { contextId },
      ),
    );
    const again = () =>
      jobs.start(
        'sync',
        order(async () => undefined, { contextId }),
      );
    await expect(again()).rejects.toMatchObject({ code: 'request.conflict', context: { job: first.id } });
    const beside = await jobs.start(
      'failover-test',
      order(async () => undefined, { contextId, lane: `${contextId}/test` }),
    );
    expect((await jobs.waitFor(beside.id, 10_000)).state).toBe('succeeded');
    expect((await jobs.active(contextId))?.id).toBe(first.id);
    await jobs.cancel(first.id);
    expect(await jobs.active(contextId)).toBeUndefined();
    expect((await again()).state).toBe('running');
  });

  it('makes its row and what belongs to it together, or neither', async () => {
    const { jobs } = await lives.live();
    const ran = vi.fn();
    const together = () => Promise.reject(new MigrationError('request.conflict', 'no'));
    await expect(
      jobs.start(
        'sync',
        order(async () => ran(), { together }),
      ),
    ).rejects.toMatchObject({
      code: 'request.conflict',
    });
    expect(await lives.database.getRepository(Job).count()).toBe(0);
    expect(ran).not.toHaveBeenCalled();
  });
});

describe('cancelling', () => {
  it('answers only when the code has stopped', async () => {
    const { jobs } = await lives.live();
    const letGo = gate();
    const started = gate();
    const { id } = await jobs.start('copy', order(untilStopped(started.open, letGo.opened)));
    await started.opened;
    let answered = false;
    const cancelling = jobs.cancel(id).finally(() => (answered = true));
    await vi.waitFor(async () => expect((await jobs.get(id)).cancelRequested).toBe(true));
    expect(answered).toBe(false);
    expect((await jobs.get(id)).state).toBe('running');
    letGo.open();
    const job = await cancelling;
    expect(job).toMatchObject({ state: 'cancelled', cancelRequested: true });
    expect(job.problem).toBeUndefined();
    expect((await jobs.cancel(id)).state).toBe('cancelled');
  });

  it('does not rewrite history', async () => {
    const { jobs } = await lives.live();
    const { id } = await jobs.start(
      'copy',
      order(async () => undefined),
    );
    await jobs.waitFor(id, 10_000);
    await expect(jobs.cancel(id)).rejects.toMatchObject({ code: 'request.conflict' });
    await expect(jobs.cancel(newId('job'))).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('leaves a job that finished all the same as what it is', async () => {
    const { jobs } = await lives.live();
    const started = gate();
    const { id } = await jobs.start(
      'seal',
      order(async ({ signal }) => {
        started.open();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return { sealed: true };
      }),
    );
    await started.opened;
    expect(await jobs.cancel(id)).toMatchObject({ state: 'succeeded', result: { sealed: true } });
  });
});

it('lists newest first, in pages that a new job does not shift', async () => {
  const { jobs } = await lives.live();
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1)
    ids.push(
      (
        await jobs.start(
          'n',
          order(async () => undefined),
        )
      ).id,
    );
  const first = await jobs.list({ limit: 2 });
  await jobs.start(
    'n',
    order(async () => undefined),
  );
  const second = await jobs.list({ limit: 2, cursor: first.page.next });
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([...ids].reverse().slice(0, 4));
  const last = await jobs.list({ limit: 2, cursor: second.page.next });
  expect(last.page.next).toBeUndefined();
});

it('answers a long poll when its client has gone', async () => {
  const { jobs } = await lives.live();
  const { id } = await jobs.start('copy', order(untilStopped(() => undefined)));
  const gone = new AbortController();
  const waiting = jobs.waitFor(id, 60_000, gone.signal);
  gone.abort();
  expect((await waiting).state).toBe('running');
  await jobs.cancel(id);
});
