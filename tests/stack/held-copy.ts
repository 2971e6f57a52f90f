import { existsSync } from 'node:fs';
import type { Job } from '@ossea/api-contract';
import type { Stack } from './launch-stack.js';
import { NeverError, until } from './probe.js';
import type { Site } from './site.js';

/** A copy that finishes nothing for 60 s is given up by its watchdog. */
const PULSE_EVERY_MS = 20_000;
const PULSE_MS = 30;

/**
 * Holds a cycle's copy by stopping (SIGSTOP) the storage daemon that it writes to: nothing can be written or sealed
 * until it goes on. No door of the product is needed for that. Short pulses keep the copy's watchdog content.
 */
export class HeldCopy {
  private readonly pulse: NodeJS.Timeout;

  private over = false;

  constructor(readonly daemonPid: number) {
    process.kill(daemonPid, 'SIGSTOP');
    this.pulse = setInterval(() => {
      this.signal('SIGCONT');
      setTimeout(() => this.signal('SIGSTOP'), PULSE_MS);
    }, PULSE_EVERY_MS);
  }

  /** Lets the copy go on for a moment. */
  async advance(ms: number): Promise<void> {
    this.signal('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.signal('SIGSTOP');
  }

  /** Lets it go on; a daemon that was killed meanwhile is no trouble. */
  release(): void {
    if (this.over) return;
    this.signal('SIGCONT');
    this.over = true;
    clearInterval(this.pulse);
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.over) return;
    try {
      process.kill(this.daemonPid, signal);
    } catch {
      // it is gone
    }
  }
}

/** Comes back with a held copy when the cycle's snapshot of the running guest is whole. */
export async function heldAtSnapshot(stack: Stack, site: Site, job: Job): Promise<HeldCopy> {
  const waiting = { timeoutMs: 300_000, everyMs: 5 };
  // known before the first byte is copied, except in the first cycle, which takes long enough
  const known = await pidNow(stack, site);
  let asked = 0;
  await until(
    'the snapshot is begun',
    async () => {
      if (existsSync(site.host.snapshotSocket)) return true;
      asked += 1;
      if (asked % 100 === 0) await mustRun(stack, job);
      return false;
    },
    waiting,
  );
  const held = new HeldCopy(known ?? (await daemonPid(stack, site, job)));
  try {
    await until('the snapshot is whole', () => site.host.hasWholeSnapshot(), waiting);
    return held;
  } catch (error) {
    held.release();
    throw error;
  }
}

async function daemonPid(stack: Stack, site: Site, job: Job): Promise<number> {
  let asked = 0;
  return until(
    'the storage daemon runs',
    async () => {
      asked += 1;
      if (asked % 20 === 0) await mustRun(stack, job);
      return pidNow(stack, site);
    },
    { timeoutMs: 120_000, everyMs: 20 },
  );
}

async function pidNow(stack: Stack, site: Site): Promise<number | undefined> {
  const { processes } = await stack.leftBehind();
  return processes.find(({ what }) => what.includes(site.vmaId))?.pid;
}

async function mustRun(stack: Stack, { id, kind }: Job): Promise<void> {
  const { endedAt, problem } = await stack.api.get<Job>(`/api/v1/jobs/${id}`);
  if (endedAt !== undefined)
    throw new NeverError(`${kind} ended before it could be held: ${JSON.stringify(problem)}`);
}
