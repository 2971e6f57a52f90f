import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Measures } from '../progress/measures.js';
import { Job } from './job.entity.js';
import { JobStep } from './job-log.entities.js';
import { ProcessOwner } from './process-owner.js';

const SAVE_EVERY_MS = 2_000;

export interface ProgressReport {
  /** Of the whole job, 0 to 100. */
  readonly percent: number;
  readonly step?: string;
  /** Of that step, 0 to 100. */
  readonly stepPercent?: number;
}

/** Measured progress of running jobs: to the feed at most four times a second, to the database every other second. */
@Injectable()
export class JobProgress {
  private readonly savedAt = new Map<string, number>();

  constructor(
    private readonly database: DataSource,
    private readonly measures: Measures,
    private readonly owner: ProcessOwner,
  ) {}

  report(job: { id: string; contextId?: string; correlationId: string }, report: ProgressReport): void {
    const percent = Math.min(100, Math.max(0, report.percent));
    this.measures.report(
      'job.progressed',
      job.id,
      {
        jobId: job.id,
        percent,
        ...(job.contextId === undefined ? {} : { contextId: job.contextId }),
        ...(report.step === undefined ? {} : { step: report.step }),
      },
      job.correlationId,
    );
    const now = Date.now();
    if (now - (this.savedAt.get(job.id) ?? 0) < SAVE_EVERY_MS) return;
    this.savedAt.set(job.id, now);
    // A lost percentage is repeated by the next one.
    this.save(job.id, percent, report).catch(() => this.savedAt.delete(job.id));
  }

  forget(jobId: string): void {
    this.savedAt.delete(jobId);
  }

  private async save(jobId: string, percent: number, report: ProgressReport): Promise<void> {
    const jobs = this.database.getRepository(Job);
    const saved = await jobs.update({ id: jobId, ownerId: this.owner.id, state: 'running' }, { percent });
    if (saved.affected !== 1 || report.step === undefined || report.stepPercent === undefined) return;
    await this.database
      .getRepository(JobStep)
      .update({ jobId, name: report.step, state: 'running' }, { percent: report.stepPercent });
  }
}
