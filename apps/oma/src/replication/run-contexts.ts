import { Inject, Injectable } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import type { SourceSession, TargetSession } from '@ossea/plugin-sdk';
import { DataSource } from 'typeorm';
import { VmContext } from '../discovery/vm-context.entity.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { Measures } from '../progress/measures.js';
import { VolumesService } from '../volumes/volumes.service.js';
import { PointFacts } from './point-facts.js';
import { RateMeter } from './rate-meter.js';
import type { CycleMeasure, RunContext } from './run-context.js';
import { RUN_SESSIONS, RUN_SETTINGS, type RunSessions, type RunSettings } from './replication-ports.js';

/** Puts together what the steps of a run work with. */
@Injectable()
export class RunContexts {
  constructor(
    private readonly database: DataSource,
    private readonly volumes: VolumesService,
    private readonly measures: Measures,
    private readonly facts: PointFacts,
    @Inject(RUN_SESSIONS) private readonly sessions: RunSessions,
    @Inject(RUN_SETTINGS) private readonly settings: RunSettings,
  ) {}

  /**
   * Opens the sessions of a VM context for a job.
   * Throws `config.missing` where the context names no VMA or no target, and what `connect` throws.
   */
  async open(contextId: string, job: JobHandle, signal: AbortSignal): Promise<RunContext> {
    const { row, vmaId, source, target } = await this.sessionsOf(contextId, signal);
    const rate = new RateMeter();
    return {
      contextId,
      jobId: job.id,
      correlationId: job.correlationId,
      vmaId,
      vmName: row.name,
      placement: row.placement ?? {},
      source,
      target,
      copies: this.sessions.copiesOn(vmaId, row.sourceConnectionId),
      volumes: this.volumes,
      database: this.database,
      settings: this.settings,
      facts: this.facts,
      say: (message, attributes) => tell(job, message, attributes),
      copied: (measure) => this.report(row.id, job, measure, rate),
    };
  }

  /** The VM's row with live sessions to both of its sides. Throws as `open` does, and `request.not-found`. */
  async sessionsOf(
    contextId: string,
    signal: AbortSignal,
  ): Promise<{
    readonly row: VmContext;
    readonly vmaId: string;
    readonly source: SourceSession;
    readonly target: TargetSession;
  }> {
    const row = await this.row(contextId);
    const { vmaId, targetConnectionId, sourceConnectionId } = row;
    if (vmaId === null) throw missing('VMA', row);
    if (targetConnectionId === null) throw missing('target', row);
    const source = await this.sessions.source(sourceConnectionId, { signal });
    return { row, vmaId, source, target: await this.sessions.target(targetConnectionId, { signal }) };
  }

  /** The target alone: whatever has become of the source. Throws as `open` does, and `request.not-found`. */
  async targetOf(contextId: string, signal: AbortSignal): Promise<TargetSession> {
    const row = await this.row(contextId);
    if (row.targetConnectionId === null) throw missing('target', row);
    return this.sessions.target(row.targetConnectionId, { signal });
  }

  private async row(contextId: string): Promise<VmContext> {
    const row = await this.database.getRepository(VmContext).findOneBy({ id: contextId });
    if (row) return row;
    throw new MigrationError('request.not-found', 'There is no such VM context.', {
      context: { context: contextId },
    });
  }

  private report(contextId: string, job: JobHandle, measure: CycleMeasure, rate: RateMeter): void {
    const { kind, bytesDone, bytesTotal, bytesMoved, disks } = measure;
    const bytesPerSecond = rate.add(bytesDone, performance.now());
    this.measures.report(
      'cycle.progressed',
      contextId,
      {
        contextId,
        jobId: job.id,
        kind,
        bytesDone,
        bytesTotal,
        bytesMoved,
        bytesPerSecond,
        disks: [...disks],
      },
      job.correlationId,
    );
  }
}

/** A line that cannot be written must not fail the run; whoever owns the job then writes its own. */
function tell(job: JobHandle, message: string, attributes?: object): void {
  job.log('info', message, attributes ? { attributes } : {}).catch(() => undefined);
}

function missing(what: string, context: VmContext): MigrationError {
  return new MigrationError('config.missing', `"${context.name}" names no ${what}.`, {
    context: { context: context.id },
  });
}
