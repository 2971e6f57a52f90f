import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { DataSource, In } from 'typeorm';
import { Job } from './job.entity.js';
import type { JobRunner } from './job-handle.js';
import { ProcessOwner } from './process-owner.js';
import { RunningJobs } from './running-jobs.js';

export const LEASE_MS = 30_000;
const BEAT_EVERY_MS = 5_000;
/** How long a shutdown waits for running code to let go. */
const SHUTDOWN_MS = 10_000;

/**
 * Who runs which job. A lease row makes one process the owner; a job whose owner is gone is taken again
 * by the code that was registered for its kind, at once after a restart, within a minute otherwise.
 */
@Injectable()
export class JobLeases implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('jobs');
  private readonly resumers = new Map<string, JobRunner>();
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;
  private lastBeatMs = Date.now();
  private closed = false;

  constructor(
    private readonly database: DataSource,
    private readonly running: RunningJobs,
    private readonly owner: ProcessOwner,
  ) {}

  /** Says how a job of this kind goes on after a crash; call it while modules are initialised. */
  registerResumer(kind: string, run: JobRunner): void {
    this.resumers.set(kind, run);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.adopt(true);
    this.timer = setInterval(() => this.tick(), BEAT_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    await this.beating;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHUTDOWN_MS)));
    await Promise.race([this.running.disown(this.running.ids, 'The appliance shuts down.'), late]);
    clearTimeout(timer);
    await this.database
      .getRepository(Job)
      .update({ ownerId: this.owner.id, state: 'running' }, { leaseUntilMs: 0 });
  }

  /** Holds our jobs for another while, stops those that are ours no more or should stop, and takes orphans. */
  async beat(): Promise<void> {
    const mine = this.running.ids;
    const now = Date.now();
    const jobs = this.database.getRepository(Job);
    if (mine.length > 0) {
      try {
        await jobs.update(
          { id: In(mine), ownerId: this.owner.id, state: 'running' },
          { leaseUntilMs: now + LEASE_MS },
        );
        const rows = await jobs.findBy({ id: In(mine) });
        this.lastBeatMs = now;
        const lost = rows.filter(({ ownerId, state }) => state === 'running' && ownerId !== this.owner.id);
        void this.running.disown(
          lost.map(({ id }) => id),
          'Another process runs this job now.',
        );
        for (const { id, cancelRequestedAt } of rows) if (cancelRequestedAt) void this.running.cancel(id);
      } catch (error) {
        // Without the database we cannot know whether the jobs are still ours.
        if (now - this.lastBeatMs > LEASE_MS)
          void this.running.disown(mine, 'The lease could not be renewed.');
        throw error;
      }
    } else this.lastBeatMs = now;
    await this.adopt(false);
  }

  /** Takes jobs whose owner is gone; at boot also those of this appliance's former life, which has certainly ended. */
  private async adopt(atBoot: boolean): Promise<void> {
    const jobs = this.database.getRepository(Job);
    const open = await jobs.findBy({ state: In(['queued', 'running']) });
    const here = new Set(this.running.ids);
    for (const job of open) {
      const isFormerSelf = atBoot && job.ownerId?.startsWith(`${this.owner.applianceId}:`) === true;
      const isOrphan = job.ownerId === null || (job.leaseUntilMs ?? 0) < Date.now();
      if (here.has(job.id) || !(isFormerSelf || isOrphan)) continue;
      const taken = await jobs
        .createQueryBuilder()
        .update()
        .set({ ownerId: this.owner.id, leaseUntilMs: Date.now() + LEASE_MS, state: 'running' })
        .where('id = :id AND state = :state', { id: job.id, state: job.state })
        .andWhere(job.ownerId === null ? 'ownerId IS NULL' : 'ownerId = :ownerId', { ownerId: job.ownerId })
        .andWhere(job.leaseUntilMs === null ? 'leaseUntilMs IS NULL' : 'leaseUntilMs = :lease', {
          lease: job.leaseUntilMs,
        })
        .execute();
      if (taken.affected === 1) await this.goOn(await jobs.findOneByOrFail({ id: job.id }));
    }
  }

  private async goOn(job: Job): Promise<void> {
    const run = this.resumers.get(job.kind);
    if (run) {
      this.logger.log(`Job ${job.id} (${job.kind}) goes on.`);
      this.running.launch(job, run, true);
      return;
    }
    await this.running.fail(
      job,
      new MigrationError(
        'process.failed',
        'The appliance was restarted while this job ran, and a job of this kind is simply started again.',
      ),
    );
  }

  private tick(): void {
    if (this.closed || this.beating) return;
    this.beating = this.beat()
      .catch((error: unknown) => this.logger.warn(`Leases could not be renewed: ${String(error)}`))
      .finally(() => (this.beating = undefined));
  }
}
