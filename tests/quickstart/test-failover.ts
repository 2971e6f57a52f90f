import type { FailoverRun, FailoverRunPage, Job } from '@ossea/api-contract';
import { readFile } from 'node:fs/promises';
import { readGuestConsole } from '../stack/guest/index.js';
import type { Stack } from '../stack/launch-stack.js';
import { NeverError, until } from '../stack/probe.js';
import type { Journey } from './journey.js';
import type { TestFailoverReport } from './journey-report.js';

const BESIDE = 3;

/** Boots a copy in isolation and runs cycles beside it. */
export async function testFailover(journey: Journey): Promise<TestFailoverReport> {
  const { stack, site, say } = journey;
  const { contextId } = site;
  say('testing a failover in an isolated network');
  const test = await stack.api.post<Job>('/api/v1/failover/test', { contextId });
  // until then folds wait, and a volume by itself is not the newest recovery point
  await stepEnded(stack, test, 'release-hold');
  const meanwhile: number[] = [];
  for (let ordinal = 1; ordinal <= BESIDE; ordinal += 1) {
    const cycle = await journey.cycle(
      `replicating beside the test, cycle ${ordinal} of ${BESIDE}`,
      'incremental',
    );
    meanwhile.push(cycle.sequence);
  }
  await stack.api.succeeded(test, 900_000);
  const run = await newestRun(stack, contextId, 'test');
  const written = await until(
    'the test machine writes records of its own',
    async () => {
      const said = await targetConsole(stack, run);
      if (said.failure !== undefined) throw new NeverError(`the test machine failed: ${said.failure}`);
      return said.found && said.acked !== undefined && said.acked > said.found.last
        ? { ...said.found, acked: said.acked }
        : undefined;
    },
    { timeoutMs: 120_000 },
  );
  say(`  the copy found record ${written.last} on its disks and writes on: ${written.acked}`);
  say('cleaning the test up');
  await stack.api.run('/api/v1/failover/cleanup', { contextId });
  return {
    booted: run.verdict?.['booted'] === true,
    recordNumber: written.last,
    nothingMissing: written.complete,
    recordsWritten: written.acked - written.last,
    pointsMeanwhile: meanwhile,
  };
}

/** Comes back when a step of a job has ended well. */
async function stepEnded(stack: Stack, job: Job, name: string): Promise<void> {
  await until(
    `the step ${name} has ended`,
    async () => {
      const { steps, endedAt, problem } = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`);
      if (steps?.some((step) => step.name === name && step.state === 'succeeded')) return true;
      if (endedAt !== undefined)
        throw new NeverError(`${job.kind} ended before ${name}: ${JSON.stringify(problem)}`);
      return false;
    },
    { timeoutMs: 300_000 },
  );
}

export async function newestRun(
  stack: Stack,
  contextId: string,
  kind: 'test' | 'live',
): Promise<FailoverRun> {
  const { items } = await stack.api.get<FailoverRunPage>(
    `/api/v1/failover/runs?contextId=${contextId}&kind=${kind}&limit=1`,
  );
  if (!items[0]) throw new Error(`there is no ${kind} failover`);
  return items[0];
}

/** What the guest says on the console of the machine of a failover. */
export async function targetConsole(stack: Stack, { machineRef }: FailoverRun) {
  if (machineRef === undefined) throw new Error('the failover names no machine');
  return readGuestConsole(await readFile(stack.target.serialLog(machineRef), 'utf8'));
}
