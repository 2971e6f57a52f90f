import {
  ITINERARIES,
  stepsOfLeg,
  type JoinedWrite,
  type Leg,
  type RunState,
  type RunStore,
  type StepEnd,
  type StepProgress,
  type StepStart,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import { In, Not, type DataSource, type EntityManager } from 'typeorm';
import { EngineRun, FactSheet, LedgerEntry } from './run.entities.js';

/** What the job log is told while a run goes on. Called inside the transaction that stores the same fact. */
export interface RunJournal {
  stepBegan(manager: EntityManager, run: EngineRun, start: StepStart): Promise<void>;
  stepEnded(manager: EntityManager, run: EngineRun, end: StepEnd): Promise<void>;
  /** A step was put off before it began, because another run of the VM holds what it needs. */
  legDeferred(manager: EntityManager, run: EngineRun, step: string): Promise<void>;
  progressed(runId: string, step: string, progress: StepProgress, overall: number): void;
}

/** Runs in the database. Every write is one transaction, and only the owner's go through. */
export class SqlRunStore implements RunStore {
  constructor(
    private readonly database: DataSource,
    private readonly ownerId: string,
    private readonly journal: RunJournal,
  ) {}

  async load(runId: string): Promise<RunState> {
    const run = await this.database.getRepository(EngineRun).findOneByOrFail({ id: runId });
    const sheet = await this.database.getRepository(FactSheet).findOneBy({ subjectId: run.subjectId });
    const rows = await this.database
      .getRepository(LedgerEntry)
      .findBy({ subjectId: run.subjectId, state: In(['claimed', 'held']) });
    return {
      findings: sheet?.findings ?? {},
      ledger: rows.map(({ resource, key, state, ref }) => ({
        resource,
        key,
        state,
        ...(ref ? { ref: ref.value } : {}),
      })),
      finishedLegs: new Set(run.finishedLegs),
    };
  }

  beginStep(runId: string, start: StepStart): Promise<'begun' | 'yields'> {
    return this.write(runId, async (manager, run) => {
      if (await this.mustYield(manager, run, start.yieldsTo)) return 'yields';
      await this.changeFindings(manager, run.subjectId, {}, start.drop);
      for (const { resource, key } of start.claim) {
        await manager.getRepository(LedgerEntry).insert({
          key,
          subjectId: run.subjectId,
          contextId: run.contextId,
          runId,
          resource,
          state: 'claimed',
          ref: null,
          claimedAt: new Date(),
          endedAt: null,
        });
      }
      await this.journal.stepBegan(manager, run, start);
      return 'begun';
    });
  }

  endStep(runId: string, end: StepEnd, joined: readonly JoinedWrite[]): Promise<void> {
    return this.write(runId, async (manager, run) => {
      await this.changeFindings(manager, run.subjectId, end.found, end.drop);
      const ledger = manager.getRepository(LedgerEntry);
      const open = (resource: string) => ({
        subjectId: run.subjectId,
        resource,
        state: In(['claimed', 'held']),
      });
      for (const [resource, value] of Object.entries(end.held))
        await ledger.update(open(resource), { state: 'held', ref: { value } as never });
      for (const resource of end.unknown)
        await ledger.update(open(resource), { state: 'claimed', ref: null });
      for (const { resource, as } of end.left)
        await ledger.update(open(resource), { state: as, endedAt: new Date() });
      if (end.ending === 'succeeded' || end.ending === 'deferred')
        run.finishedLegs = [...run.finishedLegs, end.leg];
      run.finishedLegs = run.finishedLegs.filter((leg) => !end.reopen.includes(leg));
      await this.saveRun(manager, run, end);
      for (const write of joined) await write(manager);
      await this.journal.stepEnded(manager, run, end);
    });
  }

  skipLeg(runId: string, leg: number, why: 'not-possible' | 'deferred'): Promise<void> {
    return this.write(runId, async (manager, run) => {
      run.finishedLegs = [...run.finishedLegs, leg];
      await this.saveRun(manager, run);
      const step = stepOfLeg(run.itinerary, leg);
      if (why === 'deferred' && step !== undefined) await this.journal.legDeferred(manager, run, step);
    });
  }

  progress(runId: string, step: string, progress: StepProgress, overall: number): void {
    this.journal.progressed(runId, step, progress, overall);
  }

  /** Whether another run of the same VM owns what this step yields to. */
  private async mustYield(
    manager: EntityManager,
    run: EngineRun,
    resources: readonly string[],
  ): Promise<boolean> {
    if (resources.length === 0) return false;
    const rows = await manager.getRepository(LedgerEntry).countBy({
      contextId: run.contextId,
      subjectId: Not(run.subjectId),
      resource: In(resources),
      state: In(['claimed', 'held']),
    });
    return rows > 0;
  }

  private async saveRun(manager: EntityManager, run: EngineRun, end?: StepEnd): Promise<void> {
    await manager.getRepository(EngineRun).update(
      { id: run.id },
      {
        finishedLegs: run.finishedLegs,
        ...(end ? { fault: (end.fault ? { ...end.fault } : null) as never } : {}),
      },
    );
  }

  private async changeFindings(
    manager: EntityManager,
    subjectId: string,
    found: Readonly<Record<string, unknown>>,
    drop: readonly string[],
  ): Promise<void> {
    if (drop.length === 0 && Object.keys(found).length === 0) return;
    const sheets = manager.getRepository(FactSheet);
    const sheet = await sheets.findOneBy({ subjectId });
    const kept = Object.entries(sheet?.findings ?? {}).filter(([name]) => !drop.includes(name));
    await sheets.save(sheets.create({ subjectId, findings: { ...Object.fromEntries(kept), ...found } }));
  }

  private write<T>(runId: string, body: (manager: EntityManager, run: EngineRun) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      const run = await manager.getRepository(EngineRun).findOneByOrFail({ id: runId });
      if (run.ownerId !== this.ownerId)
        throw new MigrationError('job.disowned', 'Another process runs this job now.', {
          context: { run: runId },
        });
      return body(manager, run);
    });
  }
}

/** The name of the first step that a leg may run. */
function stepOfLeg(itinerary: string, leg: number): string | undefined {
  const legs = (ITINERARIES as Readonly<Record<string, readonly Leg[]>>)[itinerary];
  return legs?.[leg] === undefined ? undefined : stepsOfLeg(legs[leg])[0];
}
