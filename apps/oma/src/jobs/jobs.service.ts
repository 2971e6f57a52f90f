import { Injectable } from '@nestjs/common';
import type { Job as JobView, JobCategory, JobListQuery, JobPage, LogPage } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { Job } from './job.entity.js';
import type { JobRunner } from './job-handle.js';
import { LEASE_MS } from './job-leases.js';
import { JobStep, LogEvent } from './job-log.entities.js';
import { hasEnded, jobView, logView } from './job-view.js';
import { ProcessOwner } from './process-owner.js';
import { RunningJobs } from './running-jobs.js';

/** A cancel answers within this time, stopped or not. */
const CANCEL_MS = 30_000;
const POLL_MS = 1_000;

export interface StartJob {
  readonly category: JobCategory;
  readonly contextId?: string;
  readonly parentId?: string;
  readonly correlationId: string;
  /** Who asked: the name of an API token, or `schedule`. */
  readonly requestedBy: string;
  /** JSON that a resumer needs to go on with the job. */
  readonly input?: Readonly<Record<string, unknown>>;
  /**
   * Two jobs in one lane never run at once. The VM context is the lane unless told;
   * a test failover runs beside cycles, so it has a lane of its own. `null`: no lane.
   */
  readonly lane?: string | null;
  /** Further writes of the transaction that makes the job: state that must not change without it. */
  readonly together?: (manager: EntityManager, jobId: string) => Promise<void>;
  readonly run: JobRunner;
}

/** Durable runs of business operations: the job log's door. */
@Injectable()
export class JobsService {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly running: RunningJobs,
    private readonly outbox: Outbox,
    private readonly owner: ProcessOwner,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Makes the job's row, then runs its code. Resolves once the row is stored.
   * Throws `request.conflict` while another job runs in the same lane.
   */
  async start(kind: string, options: StartJob): Promise<JobView> {
    const { category, contextId, parentId, correlationId, requestedBy, input, run } = options;
    const lane = options.lane === undefined ? (contextId ?? null) : options.lane;
    const now = new Date();
    const row: Job = {
      id: newId('job'),
      kind,
      category,
      contextId: contextId ?? null,
      parentId: parentId ?? null,
      state: 'running',
      lane,
      correlationId,
      requestedBy,
      input: { ...input },
      percent: 0,
      problem: null,
      result: null,
      cancelRequestedAt: null,
      ownerId: this.owner.id,
      leaseUntilMs: now.getTime() + LEASE_MS,
      createdAt: now,
      startedAt: now,
      endedAt: null,
    };
    const job = await this.insert(row, options.together);
    this.running.launch(job, run, false);
    return jobView(job);
  }

  /** The job with its steps. Throws `request.not-found`. */
  async get(id: string): Promise<JobView> {
    const job = await this.row(id);
    const steps = await this.database
      .getRepository(JobStep)
      .find({ where: { jobId: id }, order: { seq: 'ASC' } });
    return jobView(job, steps);
  }

  /** Newest first. */
  async list({ limit, cursor, state, contextId, kind }: JobListQuery): Promise<JobPage> {
    const rows = await this.database.getRepository(Job).find({
      where: {
        ...(state === undefined ? {} : { state }),
        ...(contextId === undefined ? {} : { contextId }),
        ...(kind === undefined ? {} : { kind }),
        ...(cursor === undefined ? {} : { id: LessThan(cursor) }),
      },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map((job) => jobView(job));
    const next = rows.length > limit ? items.at(-1)?.id : undefined;
    return { items, page: next === undefined ? {} : { next } };
  }

  /** The job's log lines, oldest first; `cursor` is the `seq` of the last one seen. */
  async log(id: string, { limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<LogPage> {
    await this.row(id);
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
      throw new MigrationError('request.invalid', 'The cursor is not one of this list.');
    const rows = await this.database.getRepository(LogEvent).find({
      where: { jobId: id, ...(cursor === undefined ? {} : { seq: MoreThan(Number(cursor)) }) },
      order: { seq: 'ASC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map(logView);
    const last = rows.length > limit ? items.at(-1)?.seq : undefined;
    return { items, page: last === undefined ? {} : { next: String(last) } };
  }

  /** The job of a lane that has not ended. */
  async active(lane: string): Promise<JobView | undefined> {
    const job = await this.database.getRepository(Job).findOneBy({ lane });
    return job ? jobView(job) : undefined;
  }

  /** Waits until the job has ended, at most `timeoutMs`, and gives it as it is then. */
  async waitFor(id: string, timeoutMs: number, signal?: AbortSignal): Promise<JobView> {
    const job = await this.row(id);
    // a signal that fired while the row was read tells nobody again
    if (!hasEnded(job) && timeoutMs > 0 && !signal?.aborted)
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          clearInterval(poll);
          stopListening();
          signal?.removeEventListener('abort', finish);
          resolve();
        };
        const look = () => {
          this.row(id).then((row) => hasEnded(row) && finish(), finish);
        };
        const timer = setTimeout(finish, timeoutMs);
        // for an end in between, and for jobs of another process
        const poll = setInterval(look, POLL_MS);
        const stopListening = this.outbox.onFact(({ type, subject }) => {
          if (type === 'job.ended' && subject === id) finish();
        });
        signal?.addEventListener('abort', finish);
        look();
      });
    return this.get(id);
  }

  /**
   * Stops a job and resolves when its code has stopped: no byte is written after that.
   * Throws `request.conflict` when it had ended otherwise, `resource.busy` when it is still stopping after 30 s.
   */
  async cancel(id: string): Promise<JobView> {
    await this.unitOfWork.run(async (manager) => {
      const jobs = manager.getRepository(Job);
      const job = await jobs.findOneBy({ id });
      if (!job) throw unknownJob(id);
      if (job.state === 'cancelled' || job.cancelRequestedAt) return;
      if (hasEnded(job))
        throw new MigrationError('request.conflict', `The job has ${job.state} already.`, {
          context: { job: id, state: job.state },
        });
      job.cancelRequestedAt = new Date();
      await jobs.save(job);
      await this.outbox.append(manager, 'job.cancel-requested', id, { job: jobView(job) }, job.correlationId);
      await this.audit.append(manager, {
        action: 'job.cancel',
        subject: { type: 'job', id },
        detail: { kind: job.kind, ...(job.contextId === null ? {} : { contextId: job.contextId }) },
      });
    });
    void this.running.cancel(id);
    // the row tells, wherever the job runs
    const job = await this.waitFor(id, CANCEL_MS);
    if (job.endedAt === undefined)
      throw new MigrationError(
        'resource.busy',
        'The job finishes what cannot be left half-way, then stops.',
        {
          context: { job: id },
        },
      );
    return job;
  }

  private async insert(row: Job, together: StartJob['together']): Promise<Job> {
    try {
      return await this.unitOfWork.run(async (manager) => {
        const job = await manager.getRepository(Job).save(manager.getRepository(Job).create(row));
        await together?.(manager, job.id);
        await this.outbox.append(manager, 'job.started', job.id, { job: jobView(job) }, job.correlationId);
        await this.audit.append(manager, {
          action: 'job.start',
          subject: { type: 'job', id: job.id },
          detail: {
            kind: job.kind,
            ...(job.contextId === null ? {} : { contextId: job.contextId }),
            input: job.input,
          },
        });
        return job;
      });
    } catch (error) {
      const active = isUniqueViolation(error) && row.lane !== null ? await this.active(row.lane) : undefined;
      if (!active) throw error;
      throw new MigrationError('request.conflict', `The job ${active.id} (${active.kind}) runs already.`, {
        context: { job: active.id, kind: active.kind },
        cause: error,
      });
    }
  }

  private async row(id: string): Promise<Job> {
    const job = await this.database.getRepository(Job).findOneBy({ id });
    if (!job) throw unknownJob(id);
    return job;
  }
}

function unknownJob(id: string): MigrationError {
  return new MigrationError('request.not-found', 'There is no such job.', {
    context: { job: id.slice(0, 40) },
  });
}
