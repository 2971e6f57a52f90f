import type { Job } from '@ossea/api-contract';
import { setTimeout as delay } from 'node:timers/promises';
import { isMigrationError } from '@ossea/errors';
import { LiveFailovers } from '../../../apps/oma/src/failover/live-failovers.js';
import { FailoverRun } from '../../../apps/oma/src/failover/failover-run.entity.js';
import { TestFailovers } from '../../../apps/oma/src/failover/test-failovers.js';
import { ReplicationService } from '../../../apps/oma/src/replication/replication.service.js';
import type { CloudstackFault } from '../../simulators/cloudstack/cloudstack-simulator.js';
import type { Fleet, FleetMachine } from './fleet.js';

const caller = { name: 'schedule', correlationId: 'schedule-1' };
const MAX_WRITE_BYTES = 200_000;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type What = 'replicate' | 'test' | 'clean-up' | 'live' | 'roll-back' | 'retry';

const COMMANDS = [
  'createVolume',
  'attachVolume',
  'detachVolume',
  'deleteVolume',
  'createSnapshot',
  'revertSnapshot',
  'deleteSnapshot',
  'deployVirtualMachine',
  'startVirtualMachine',
  'stopVirtualMachine',
  'destroyVirtualMachine',
  'updateVirtualMachine',
  'createNetwork',
  'deleteNetwork',
  'createTags',
  'listVolumes',
  'listVirtualMachines',
  'queryAsyncJobResult',
] as const;
const KINDS: readonly ((command: string) => CloudstackFault)[] = [
  (command) => ({ command, kind: 'answer-lost' }),
  (command) => ({ command, kind: 'answer-doubled' }),
  (command) => ({ command, kind: 'job-fails-after-effect' }),
  (command) => ({ command, kind: 'job-fails' }),
  (command) => ({ command, kind: 'error', status: 530 }),
  (command) => ({ command, kind: 'error', status: 503 }),
  (command) => ({
    command,
    kind: 'error',
    status: 429,
    text: 'The given user has reached his/her account api limit, please retry after [40] ms.',
  }),
  (command) => ({ command, kind: 'html', status: 502 }),
  (command) => ({ command, kind: 'slow', delayMs: 150 }),
  () => ({ command: 'detachVolume', kind: 'late-detach', delayMs: 250 }),
];

/** A random order of things that people do to several machines, while CloudStack misbehaves. */
export class Schedule {
  /** What was done, for whoever has to understand a failure. */
  readonly story: string[] = [];
  private readonly next: () => number;

  constructor(
    private readonly fleet: Fleet,
    seed: number,
  ) {
    this.next = numbersOf(seed);
  }

  /** Several machines at once, each with one thing that its state allows; some are cancelled on the way. */
  async step(): Promise<void> {
    for (let faults = Math.floor(this.next() * 3); faults > 0; faults -= 1) this.injectOne();
    const chosen = this.fleet.machines.filter(() => this.next() < 0.6);
    const jobs = await Promise.all(chosen.map((machine) => this.begin(machine)));
    await Promise.all(jobs.map((job) => job && this.end(job)));
  }

  /** Takes away every fault and every failover, so that each machine is where it began: in sync, or not begun. */
  async settle(): Promise<void> {
    this.fleet.simulator.clearFaults();
    for (const machine of this.fleet.machines)
      for (let tries = 0; tries < 8; tries += 1) {
        const what = (await this.possible(machine)).find((one) =>
          ['clean-up', 'retry', 'roll-back'].includes(one),
        );
        if (what === undefined) break;
        await this.end({ job: await this.start(machine, what), cancelAfterMs: undefined });
      }
  }

  private async begin(machine: FleetMachine): Promise<Begun | undefined> {
    const possible = await this.possible(machine);
    const what = possible[Math.floor(this.next() * possible.length)];
    if (what === undefined) return undefined;
    if (machine.source.power === 'running') this.write(machine);
    const cancelAfterMs = this.next() < 0.25 ? Math.floor(this.next() * 600) : undefined;
    try {
      return { job: await this.start(machine, what), cancelAfterMs };
    } catch (error) {
      if (!isMigrationError(error)) throw error;
      this.story.push(`${machine.name} ${what}: ${error.code}`);
      return undefined;
    }
  }

  private async end({ job, cancelAfterMs }: Begun): Promise<void> {
    if (cancelAfterMs !== undefined) {
      await delay(cancelAfterMs);
      await this.fleet.jobs.cancel(job.id).catch(() => undefined);
    }
    const ended = await this.fleet.end(job);
    const { kind, state, problem } = ended;
    this.story.push(
      `${this.nameOf(ended)} ${kind}: ${state}${problem ? ` ${problem.code} ${problem.cause}` : ''}`,
    );
    // what nobody has thought of is a fault of ours, whatever CloudStack did
    if (problem && ['internal.unexpected', 'plugin.broken-contract'].includes(problem.code))
      throw new Error(`${kind} ended with ${problem.code}: ${problem.cause}`);
  }

  private async possible(machine: FleetMachine): Promise<What[]> {
    const { state, origin } = await this.fleet.context(machine);
    const test = await this.openTest(machine);
    const what: What[] = [];
    if (['managed', 'in-sync'].includes(state)) what.push('replicate');
    if (state === 'in-sync') what.push('replicate', 'live');
    if (state === 'in-sync' && !test) what.push('test');
    if (test) what.push('clean-up');
    if (['faulted', 'needs-attention'].includes(state)) what.push('retry');
    if (state === 'awaiting-commit' || (state === 'faulted' && origin === 'cutting-over'))
      what.push('roll-back');
    return what;
  }

  private async openTest({ contextId }: FleetMachine): Promise<FailoverRun | null> {
    const runs = this.fleet.database.getRepository(FailoverRun);
    const newest = await runs.findOne({ where: { contextId, kind: 'test' }, order: { id: 'DESC' } });
    return newest && !['cleaned-up', 'left-behind'].includes(newest.state) ? newest : null;
  }

  private start({ contextId }: FleetMachine, what: What): Promise<Job> {
    const { fleet } = this;
    const starts: Readonly<Record<What, () => Promise<Job>>> = {
      replicate: () => fleet.get(ReplicationService).replicate(contextId, caller),
      retry: () => fleet.get(ReplicationService).retry(contextId, caller),
      test: () => fleet.get(TestFailovers).start(contextId, caller),
      'clean-up': () => fleet.get(TestFailovers).cleanUp(contextId, caller),
      live: () => fleet.get(LiveFailovers).start(contextId, caller),
      'roll-back': () => fleet.get(LiveFailovers).rollBack(contextId, caller),
    };
    return starts[what]();
  }

  /** As a guest does, somewhere on one of its disks. */
  private write({ source }: FleetMachine): void {
    const disk = source.disks[Math.floor(this.next() * source.disks.length)]!;
    const length = 512 + Math.floor(this.next() * MAX_WRITE_BYTES);
    const offset = Math.floor((this.next() * 100_000) / 512) * 512;
    source.write(disk, offset, Buffer.alloc(length, 1 + Math.floor(this.next() * 250)));
  }

  private injectOne(): void {
    const command = COMMANDS[Math.floor(this.next() * COMMANDS.length)]!;
    const fault = KINDS[Math.floor(this.next() * KINDS.length)]!(command);
    const after = Math.floor(this.next() * 3);
    this.story.push(`CloudStack: ${fault.kind} at ${fault.command}, after ${after}`);
    this.fleet.simulator.inject({ ...fault, after });
  }

  private nameOf({ contextId }: Job): string {
    return this.fleet.machines.find((machine) => machine.contextId === contextId)?.name ?? '?';
  }
}

interface Begun {
  readonly job: Job;
  readonly cancelAfterMs: number | undefined;
}
