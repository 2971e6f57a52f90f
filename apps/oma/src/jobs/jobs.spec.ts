import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataSource } from 'typeorm';
import { parseConfig } from '../config/load-config.js';
import { openDatabase } from '../database/data-source.js';
import { DatabaseModule } from '../database/database.module.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox, type CommittedFact } from '../progress/outbox.js';
import { OutboxModule } from '../progress/outbox.module.js';
import { Job } from './job.entity.js';
import { JobLeases } from './job-leases.js';
import type { JobHandle, JobRunner } from './job-handle.js';
import { JobLog } from './job-log.js';
import { JobsModule } from './jobs.module.js';
import { JobsService, type StartJob } from './jobs.service.js';
import { ProcessOwner } from './process-owner.js';

const APPLIANCE = newId('oma');

interface Life {
  readonly app: INestApplicationContext;
  readonly jobs: JobsService;
  readonly facts: CommittedFact[];
  readonly owner: ProcessOwner;
}

let directory: string;
let database: DataSource;
let lives: INestApplicationContext[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ossea-jobs-'));
  database = await openDatabase(parseConfig({ stateDir: directory }));
  lives = [];
});
afterEach(async () => {
  await Promise.all(lives.map((life) => life.close()));
  await database.destroy();
  await rm(directory, { recursive: true, force: true });
});

/** One life of the process on the same database. */
async function live(resumers: Record<string, JobRunner> = {}): Promise<Life> {
  const owner = new ProcessOwner(APPLIANCE);
  const module = await Test.createTestingModule({
    imports: [DatabaseModule.with(database), OutboxModule, JobsModule.as(owner)],
  }).compile();
  const facts: CommittedFact[] = [];
  module.get(Outbox).onFact((fact) => facts.push(fact));
  for (const [kind, run] of Object.entries(resumers)) module.get(JobLeases).registerResumer(kind, run);
  const app = await module.init();
  lives.push(app);
  return { app, jobs: module.get(JobsService), facts, owner };
}

const order = (run: JobRunner, more: Partial<StartJob> = {}): StartJob => ({
  category: 'system',
  correlationId: 'cor-1',
  requestedBy: 'test',
  run,
  ...more,
});

/** A promise that a test opens. */
function gate<T = void>() {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { open, opened };
}

/** Runs until it is stopped, then takes a moment to let go. */
const untilStopped =
  (started: () => void, letGo: Promise<void> = Promise.resolve()): JobRunner =>
  async ({ signal }) => {
    started();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
    await letGo;
    signal.throwIfAborted();
  };

describe('a job', () => {
  it('runs its steps in order and keeps its result, and tells of all of it after the commit', async () => {
    const { jobs, facts } = await live();
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
    const { jobs } = await live();
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
    const { jobs } = await live();
    const { id } = await jobs.start(
      'copy',
      order(() => Promise.reject(new TypeError('x is undefined'))),
    );
    const { problem } = await jobs.waitFor(id, 10_000);
    expect(problem?.code).toBe('internal.unexpected');
    expect(JSON.stringify(problem)).not.toContain('.ts:');
  });

  it('is the only one of its VM context, but a lane of its own runs beside it', async () => {
    const { jobs } = await live();
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
    const { jobs } = await live();
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
    expect(await database.getRepository(Job).count()).toBe(0);
    expect(ran).not.toHaveBeenCalled();
  });
});

describe('cancelling', () => {
  it('answers only when the code has stopped', async () => {
    const { jobs } = await live();
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
    const { jobs } = await live();
    const { id } = await jobs.start(
      'copy',
      order(async () => undefined),
    );
    await jobs.waitFor(id, 10_000);
    await expect(jobs.cancel(id)).rejects.toMatchObject({ code: 'request.conflict' });
    await expect(jobs.cancel(newId('job'))).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('leaves a job that finished all the same as what it is', async () => {
    const { jobs } = await live();
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

describe('after the process', () => {
  const held = (): JobRunner => untilStopped(() => undefined);

  it('a shutdown leaves the job for the next life, which goes on with it at once', async () => {
    const first = await live();
    const started = gate();
    const { id } = await first.jobs.start(
      'copy',
      order(untilStopped(started.open), { input: { n: 7 }, contextId: newId('ctx') }),
    );
    await started.opened;
    await first.app.close();
    expect((await database.getRepository(Job).findOneByOrFail({ id })).state).toBe('running');
    const seen: JobHandle[] = [];
    const second = await live({
      copy: async (job) => {
        seen.push(job);
        return { resumed: true };
      },
    });
    expect(await second.jobs.waitFor(id, 10_000)).toMatchObject({
      state: 'succeeded',
      result: { resumed: true },
    });
    expect(seen[0]).toMatchObject({ id, resumed: true, input: { n: 7 }, correlationId: 'cor-1' });
  });

  it('a crash does not keep the job for itself, and what the dead process still says is refused', async () => {
    const first = await live();
    const letGo = gate();
    const { id } = await first.jobs.start(
      'copy',
      order(() => letGo.opened),
    );
    const second = await live({ copy: async () => ({ by: 'second' }) });
    expect(await second.jobs.waitFor(id, 10_000)).toMatchObject({ result: { by: 'second' } });
    const late = first.app
      .get(UnitOfWork)
      .run((manager) => first.app.get(JobLog).stepBegan(manager, id, { name: 'late', label: 'Late' }));
    await expect(late).rejects.toMatchObject({ code: 'job.disowned' });
    letGo.open();
    await first.app.close();
    expect(await second.jobs.get(id)).toMatchObject({ state: 'succeeded', result: { by: 'second' } });
  });

  it('a job of another appliance is taken only when its lease has run out', async () => {
    const first = await live();
    const { id } = await first.jobs.start('copy', order(held()));
    const rows = database.getRepository(Job);
    await rows.update({ id }, { ownerId: `${newId('oma')}:${newId('run')}` });
    const second = await live({ copy: async () => ({ by: 'second' }) });
    await second.app.get(JobLeases).beat();
    expect((await second.jobs.get(id)).state).toBe('running');
    await rows.update({ id }, { leaseUntilMs: Date.now() - 1 });
    await second.app.get(JobLeases).beat();
    expect(await second.jobs.waitFor(id, 10_000)).toMatchObject({ result: { by: 'second' } });
  });

  it('a job that was being cancelled goes on as cancelled', async () => {
    const first = await live();
    const { id } = await first.jobs.start(
      'copy',
      order(() => new Promise(() => undefined)),
    );
    await database.getRepository(Job).update({ id }, { cancelRequestedAt: new Date() });
    const second = await live({ copy: held() });
    expect((await second.jobs.waitFor(id, 10_000)).state).toBe('cancelled');
    lives = lives.filter((life) => life !== first.app); // its runner never ends
  });

  it('a job nobody can go on with says so', async () => {
    const first = await live();
    await first.jobs.start(
      'discover',
      order(() => new Promise(() => undefined)),
    );
    const second = await live();
    const [job] = (await second.jobs.list({ limit: 10 })).items;
    expect(job).toMatchObject({ state: 'failed', problem: { code: 'process.failed', retryable: true } });
    lives = lives.filter((life) => life !== first.app);
  });

  it('a job that lost its lease is told to stop and writes no end', async () => {
    const { jobs, app } = await live();
    const reason = gate<unknown>();
    const { id } = await jobs.start(
      'copy',
      order(async ({ signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        reason.open(signal.reason);
        signal.throwIfAborted();
      }),
    );
    const other = `${newId('oma')}:${newId('run')}`;
    await database.getRepository(Job).update({ id }, { ownerId: other, leaseUntilMs: Date.now() + 60_000 });
    await app.get(JobLeases).beat();
    expect(await reason.opened).toMatchObject({ code: 'job.disowned' });
    await vi.waitFor(async () => expect((await jobs.get(id)).state).toBe('running'));
    expect((await database.getRepository(Job).findOneByOrFail({ id })).ownerId).toBe(other);
  });
});

it('lists newest first, in pages that a new job does not shift', async () => {
  const { jobs } = await live();
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
  const { jobs } = await live();
  const { id } = await jobs.start('copy', order(untilStopped(() => undefined)));
  const gone = new AbortController();
  const waiting = jobs.waitFor(id, 60_000, gone.signal);
  gone.abort();
  expect((await waiting).state).toBe('running');
  await jobs.cancel(id);
});
