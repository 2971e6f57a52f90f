import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { DataSource } from 'typeorm';
import { parseConfig } from '../../config/load-config.js';
import { openDatabase } from '../../database/data-source.js';
import { AuditTrailModule } from '../../audit/audit-trail.module.js';
import { DatabaseModule } from '../../database/database.module.js';
import { newId } from '../../database/new-id.js';
import { Outbox, type CommittedFact } from '../../progress/outbox.js';
import { OutboxModule } from '../../progress/outbox.module.js';
import type { JobRunner } from '../job-handle.js';
import { JobLeases } from '../job-leases.js';
import { JobsModule } from '../jobs.module.js';
import { JobsService, type StartJob } from '../jobs.service.js';
import { ProcessOwner } from '../process-owner.js';

const APPLIANCE = newId('oma');

export interface Life {
  readonly app: INestApplicationContext;
  readonly jobs: JobsService;
  readonly facts: CommittedFact[];
  readonly owner: ProcessOwner;
}

/** Lives of one appliance's process, one after the other or beside each other, on one SQLite database. */
export class JobLives implements AsyncDisposable {
  private lives: INestApplicationContext[] = [];

  private constructor(
    private readonly directory: string,
    readonly database: DataSource,
  ) {}

  static async start(): Promise<JobLives> {
    const directory = await mkdtemp(join(tmpdir(), 'ossea-jobs-'));
    return new JobLives(directory, await openDatabase(parseConfig({ stateDir: directory })));
  }

  /** One life of the process on the same database. */
  async live(resumers: Record<string, JobRunner> = {}): Promise<Life> {
    const owner = new ProcessOwner(APPLIANCE);
    const module = await Test.createTestingModule({
      imports: [DatabaseModule.with(this.database), OutboxModule, AuditTrailModule, JobsModule.as(owner)],
    }).compile();
    const facts: CommittedFact[] = [];
    module.get(Outbox).onFact((fact) => facts.push(fact));
    for (const [kind, run] of Object.entries(resumers)) module.get(JobLeases).registerResumer(kind, run);
    const app = await module.init();
    this.lives.push(app);
    return { app, jobs: module.get(JobsService), facts, owner };
  }

  /** Does not wait for a life whose code never ends. */
  abandon(life: Life): void {
    this.lives = this.lives.filter((app) => app !== life.app);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.lives.map((life) => life.close()));
    await this.database.destroy();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const order = (run: JobRunner, more: Partial<StartJob> = {}): StartJob => ({
  category: 'system',
  correlationId: 'cor-1',
  requestedBy: 'test',
  run,
  ...more,
});

/** A promise that a test opens. */
export function gate<T = void>() {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { open, opened };
}

/** Runs until it is stopped, then takes a moment to let go. */
export const untilStopped =
  (started: () => void, letGo: Promise<void> = Promise.resolve()): JobRunner =>
  async ({ signal }) => {
    started();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
    await letGo;
    signal.throwIfAborted();
  };
