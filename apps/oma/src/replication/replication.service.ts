import { Injectable } from '@nestjs/common';
import type { Job, ListQuery, RecoveryPointPage, ReleaseVm } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { Caller } from '../http/caller.js';
import { JobsService } from '../jobs/jobs.service.js';
import { VolumesService } from '../volumes/volumes.service.js';
import { ContextJobs, type ContextJob } from './context-jobs.js';
import { pointView } from './point-views.js';
import { RecoveryPoint } from './recovery-point.entity.js';
import { FactSheet } from './runs/run.entities.js';
import { verifyPoint } from './verify-point.js';

const SAMPLE_CLUSTERS = 256;

/** The event that starts a cycle, by the state it is asked in. */
const CYCLE_EVENTS: Readonly<Record<string, string>> = {
  managed: 'start',
  'in-sync': 'sync-due',
  faulted: 'retry',
};

/** The job that goes on with a faulted context, by the working state that faulted. */
const RETRIES: Readonly<Record<string, ContextJob>> = {
  preparing: 'replicate',
  replicating: 'replicate',
  cancelling: 'replicate',
  'cutting-over': 'live-failover',
  'rolling-back': 'roll-back',
  committing: 'commit',
  unwinding: 'release',
};

/** Cycles, recovery points, and the end of management. */
@Injectable()
export class ReplicationService {
  constructor(
    private readonly database: DataSource,
    private readonly contextJobs: ContextJobs,
    private readonly jobs: JobsService,
    private readonly volumes: VolumesService,
    private readonly audit: AuditTrail,
  ) {}

  /** Starts a cycle: the first one, the next one, or again what a fault ended. Throws `request.conflict`. */
  async replicate(contextId: string, caller: Caller): Promise<Job> {
    const context = await this.context(contextId);
    const event = CYCLE_EVENTS[context.state];
    const isOurs = context.state !== 'faulted' || RETRIES[context.origin ?? ''] === 'replicate';
    if (event === undefined || !isOurs)
      throw new MigrationError(
        'request.conflict',
        `"${context.name}" is ${context.state}: a cycle is not possible now.`,
        { context: { context: contextId, state: context.state } },
      );
    return this.contextJobs.start('replicate', contextId, event, caller);
  }

  /** Goes on where a fault ended. */
  async retry(contextId: string, caller: Caller): Promise<Job> {
    const context = await this.context(contextId);
    const kind = RETRIES[context.origin ?? ''];
    if (kind === undefined)
      throw new MigrationError('request.conflict', `"${context.name}" is ${context.state}: nothing failed.`, {
        context: { context: contextId, state: context.state },
      });
    return this.contextJobs.start(kind, contextId, 'retry', caller);
  }

  /** Ends management as approved. Volumes stay with the operator unless the plan says that they go. */
  async release(contextId: string, { removeVolumes }: ReleaseVm, caller: Caller): Promise<Job> {
    const { name } = await this.context(contextId);
    return this.contextJobs.start('release', contextId, 'release', caller, async (manager) => {
      const sheets = manager.getRepository(FactSheet);
      const findings = { ...(await sheets.findOneBy({ subjectId: contextId }))?.findings };
      delete findings['volumesMayGo'];
      if (removeVolumes) findings['volumesMayGo'] = true;
      await sheets.save(sheets.create({ subjectId: contextId, findings }));
      await this.audit.append(manager, {
        action: 'vm.release',
        subject: { type: 'vm-context', id: contextId },
        detail: { name, removeVolumes },
      });
    });
  }

  /** Reads the newest recovery point back, a sample or all of it, and compares it with what was read at the source. */
  async verify(contextId: string, scope: 'sample' | 'all', caller: Caller): Promise<Job> {
    const context = await this.context(contextId);
    return this.jobs.start('verify', {
      category: 'replication',
      contextId,
      lane: `verify:${contextId}`,
      correlationId: caller.correlationId,
      requestedBy: caller.name,
      run: (job) =>
        job.step({ name: 'verify', label: `Reading the recovery point of "${context.name}" back` }, () =>
          verifyPoint(
            { contextId, volumes: this.volumes, database: this.database },
            scope === 'all' ? 'all' : { clusters: SAMPLE_CLUSTERS },
            {
              signal: job.signal,
              onProgress: (fraction) =>
                job.progress({ percent: fraction * 100, step: 'verify', stepPercent: fraction * 100 }),
            },
          ),
        ),
    });
  }

  /** Newest first. */
  async points(contextId: string, { limit, cursor }: ListQuery): Promise<RecoveryPointPage> {
    await this.context(contextId);
    if (cursor !== undefined && !/^\d{1,9}$/.test(cursor))
      throw new MigrationError('request.invalid', 'The cursor is not one of this list.');
    const rows = await this.database.getRepository(RecoveryPoint).find({
      where: { contextId, ...(cursor === undefined ? {} : { sequence: LessThan(Number(cursor)) }) },
      order: { sequence: 'DESC' },
      take: limit + 1,
    });
    const items = [];
    for (const row of rows.slice(0, limit)) items.push(await pointView(this.database.manager, row));
    const next = rows.length > limit ? items.at(-1)?.sequence : undefined;
    return { items, page: next === undefined ? {} : { next: String(next) } };
  }

  private async context(id: string): Promise<VmContext> {
    const context = await this.database.getRepository(VmContext).findOneBy({ id });
    if (!context)
      throw new MigrationError('request.not-found', 'There is no such VM context.', {
        context: { context: id },
      });
    return context;
  }
}
