import { setTimeout as delay } from 'node:timers/promises';
import { isMigrationError } from '@ossea/errors';
import type { JobFault } from '../fault-book.js';
import { ApiError } from '../protocol/api-error.js';
import type { Payload } from '../protocol/answer-text.js';
import type { CloudstackSettings } from '../settings.js';
import type { Account, Row } from '../state/model.js';
import { Table, newRow } from '../state/table.js';
import { Turns } from './turns.js';

export interface Job extends Row {
  readonly command: string;
  readonly account: Account;
  readonly className: string;
  readonly instance: { readonly type: string; readonly id: string } | undefined;
  status: 'pending' | 'succeeded' | 'failed';
  code: number;
  result: Payload | undefined;
  completed: Date | undefined;
}

/** What a job does. */
export interface Work {
  readonly instance?: { readonly type: string; readonly id: string };
  /** The machine in whose queue it waits. */
  readonly machineId?: string | undefined;
  /** The state rules: asked when the job begins, and again when its turn has come. */
  readonly check?: () => void;
  readonly run: (fault: JobFault | undefined) => Promise<Payload>;
  /** What is left behind when it failed. */
  readonly failed?: () => Promise<void>;
}

/** A failure that a fault asked for. */
class InjectedFailure extends Error {
  readonly code: number;

  constructor({ code = 530, text = 'Operation failed' }: { readonly code?: number; readonly text?: string }) {
    super(text);
    this.code = code;
  }
}

/** The asynchronous jobs. */
export class JobBoard {
  readonly jobs = new Table<Job>();
  private readonly turns = new Turns();
  private readonly running = new Set<Promise<void>>();
  private readonly closing = new AbortController();

  constructor(
    private readonly settings: CloudstackSettings,
    private readonly told: {
      readonly ended: () => void;
      /** Of an error that no rule of the cloud made. */
      readonly unexpected: (command: string, error: unknown) => void;
    },
  ) {}

  /** Of work that outlives the request. */
  get signal(): AbortSignal {
    return this.closing.signal;
  }

  submit(job: Pick<Job, 'command' | 'account' | 'className'>, work: Work, fault: JobFault | undefined): Job {
    const added = this.jobs.add<Job>({
      ...newRow(),
      ...job,
      instance: work.instance,
      status: 'pending',
      code: 0,
      result: undefined,
      completed: undefined,
    });
    this.inBackground(this.carryOut(added, work, fault));
    return added;
  }

  /** Lets something go on beside the jobs; when the simulator closes it is waited for. */
  inBackground(doing: Promise<void>): void {
    const safe = doing
      .catch((error: unknown) => this.told.unexpected('work in the background', error))
      .finally(() => this.running.delete(safe));
    this.running.add(safe);
  }

  /** Waits as long as the simulator is open; false when it was closed first. */
  async pause(milliseconds: number): Promise<boolean> {
    return delay(milliseconds, true, { signal: this.closing.signal }).catch(() => false);
  }

  /** Ends what hangs, as the server does with a job that blocks others for too long. */
  cancelPending(): void {
    const text = 'Job is cancelled as it has been blocking others for too long';
    for (const job of this.jobs.all()) if (job.status === 'pending') fail(job, 530, text);
  }

  async close(): Promise<void> {
    this.closing.abort();
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private async carryOut(job: Job, work: Work, fault: JobFault | undefined): Promise<void> {
    let endTurn = (): void => undefined;
    try {
      work.check?.();
      if (work.machineId !== undefined) endTurn = await this.turns.take(work.machineId);
      if (!(await this.pause(this.settings.jobMs))) return;
      work.check?.();
      const result = await this.withFault(work, fault);
      if (fault?.kind === 'job-fails-after-effect') throw new InjectedFailure(fault);
      if (fault?.kind === 'job-never-ends' || job.status !== 'pending') return;
      Object.assign(job, { status: 'succeeded', result, completed: new Date() });
    } catch (error) {
      if (this.signal.aborted || job.status !== 'pending') return;
      // the machines' own failures are part of the play
      if (!(error instanceof ApiError) && !(error instanceof InjectedFailure) && !isMigrationError(error))
        this.told.unexpected(job.command, error);
      fail(job, codeOf(error), error instanceof Error ? error.message : String(error));
    } finally {
      endTurn();
      this.told.ended();
    }
  }

  private async withFault(work: Work, fault: JobFault | undefined): Promise<Payload> {
    if (fault?.kind === 'job-never-ends' && fault.effect === false) return {};
    try {
      if (fault?.kind === 'job-fails') throw new InjectedFailure(fault);
      return await work.run(fault);
    } catch (error) {
      await work.failed?.();
      throw error;
    }
  }
}

function codeOf(error: unknown): number {
  if (error instanceof ApiError) return error.status;
  return error instanceof InjectedFailure ? error.code : 530;
}

function fail(job: Job, errorcode: number, errortext: string): void {
  Object.assign(job, {
    status: 'failed',
    code: errorcode,
    result: { errorcode, errortext },
    completed: new Date(),
  });
}
