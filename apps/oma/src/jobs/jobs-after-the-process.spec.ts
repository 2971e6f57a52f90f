import 'reflect-metadata';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Job } from './job.entity.js';
import { JobLeases } from './job-leases.js';
import type { JobHandle, JobRunner } from './job-handle.js';
import { JobLog } from './job-log.js';
import { JobLives, gate, order, untilStopped } from './testing/job-lives.js';

let lives: JobLives;

beforeEach(async () => {
  lives = await JobLives.start();
});
afterEach(() => lives[Symbol.asyncDispose]());

const held = (): JobRunner => untilStopped(() => undefined);

it('a shutdown leaves the job for the next life, which goes on with it at once', async () => {
  const first = await lives.live();
  const started = gate();
  const { id } = await first.jobs.start(
    'copy',
    order(untilStopped(started.open), { input: { n: 7 }, contextId: newId('ctx') }),
  );
  await started.opened;
  await first.app.close();
  expect((await lives.database.getRepository(Job).findOneByOrFail({ id })).state).toBe('running');
  const seen: JobHandle[] = [];
  const second = await lives.live({
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
  const first = await lives.live();
  const letGo = gate();
  const { id } = await first.jobs.start(
    'copy',
    order(() => letGo.opened),
  );
  const second = await lives.live({ copy: async () => ({ by: 'second' }) });
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
  const first = await lives.live();
  const { id } = await first.jobs.start('copy', order(held()));
  const rows = lives.database.getRepository(Job);
  await rows.update({ id }, { ownerId: `${newId('oma')}:${newId('run')}` });
  const second = await lives.live({ copy: async () => ({ by: 'second' }) });
  await second.app.get(JobLeases).beat();
  expect((await second.jobs.get(id)).state).toBe('running');
  await rows.update({ id }, { leaseUntilMs: Date.now() - 1 });
  await second.app.get(JobLeases).beat();
  expect(await second.jobs.waitFor(id, 10_000)).toMatchObject({ result: { by: 'second' } });
});

it('a job that was being cancelled goes on as cancelled', async () => {
  const first = await lives.live();
  const { id } = await first.jobs.start(
    'copy',
    order(() => new Promise(() => undefined)),
  );
  await lives.database.getRepository(Job).update({ id }, { cancelRequestedAt: new Date() });
  const second = await lives.live({ copy: held() });
  expect((await second.jobs.waitFor(id, 10_000)).state).toBe('cancelled');
  lives.abandon(first); // its runner never ends
});

it('a job nobody can go on with says so', async () => {
  const first = await lives.live();
  await first.jobs.start(
    'discover',
    order(() => new Promise(() => undefined)),
  );
  const second = await lives.live();
  const [job] = (await second.jobs.list({ limit: 10 })).items;
  expect(job).toMatchObject({ state: 'failed', problem: { code: 'process.failed', retryable: true } });
  lives.abandon(first);
});

it('a job that lost its lease is told to stop and writes no end', async () => {
  const { jobs, app } = await lives.live();
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
  await lives.database
    .getRepository(Job)
    .update({ id }, { ownerId: other, leaseUntilMs: Date.now() + 60_000 });
  await app.get(JobLeases).beat();
  expect(await reason.opened).toMatchObject({ code: 'job.disowned' });
  await vi.waitFor(async () => expect((await jobs.get(id)).state).toBe('running'));
  expect((await lives.database.getRepository(Job).findOneByOrFail({ id })).ownerId).toBe(other);
});
