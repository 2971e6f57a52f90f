import {
  LASTING_FINDINGS,
  retryDelayMs,
  retryRule,
  systemClock,
  faultOf,
  type EnginePorts,
  type Fault,
  type RunOutcome,
} from '@ossea/core';
import { asMigrationError } from '@ossea/errors';
import type { DataSource, EntityManager } from 'typeorm';
import { newId } from '../../database/new-id.js';
import type { RunSettings } from '../replication-ports.js';
import { EngineRun, FactSheet } from './run.entities.js';

export interface RunSubject {
  /** The VM context or the failover run whose facts the run reads and writes. */
  readonly subjectId: string;
  readonly contextId: string;
  readonly jobId: string;
  /** The working state. */
  readonly itinerary: string;
  /** Findings that a first run begins with. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The step that people are shown when the sessions themselves cannot be opened. */
const CONNECT = {
  label: 'Connecting to source and target',
  weight: 0,
  consumes: [],
  retryCost: 'Nothing was begun.',
} as const;

/** The rows of engine runs: which one to go on with, how it ended. */
export class EngineRuns {
  constructor(
    private readonly database: DataSource,
    private readonly ownerId: string,
  ) {}

  /** The run to go on with: one that a crash or a fault left unfinished in this very state, or a new one. */
  open({ subjectId, contextId, jobId, itinerary, facts }: RunSubject): Promise<EngineRun> {
    return this.database.transaction(async (manager) => {
      const runs = manager.getRepository(EngineRun);
      const newest = await runs.findOne({ where: { subjectId }, order: { id: 'DESC' } });
      const unfinished = newest?.state === 'running' || newest?.state === 'faulted';
      // A faulted run that something else followed is history, not work.
      if (newest && unfinished && newest.itinerary === itinerary) {
        await runs.update(
          { id: newest.id },
          { ownerId: this.ownerId, state: 'running', jobId, endedAt: null },
        );
        return runs.findOneByOrFail({ id: newest.id });
      }
      await keepLastingFindings(manager, subjectId, facts ?? {});
      return runs.save(
        runs.create({
          id: newId('run'),
          subjectId,
          contextId,
          jobId,
          itinerary,
          ownerId: this.ownerId,
          finishedLegs: [],
          fault: null,
          state: 'running',
          startedAt: new Date(),
          endedAt: null,
        }),
      );
    });
  }

  /** Stores how a run ended, in the transaction that moves its machine. */
  async close(manager: EntityManager, runId: string, outcome: RunOutcome): Promise<void> {
    if (outcome.ending === 'disowned') return;
    await manager.getRepository(EngineRun).update(
      { id: runId },
      {
        state: outcome.ending,
        endedAt: new Date(),
        ...(outcome.ending === 'faulted' ? { fault: { ...outcome.fault } as never } : {}),
      },
    );
  }

  /** The fault of the newest run of a subject that ended with one. */
  async lastFault(subjectId: string): Promise<Fault | undefined> {
    const newest = await this.database
      .getRepository(EngineRun)
      .findOne({ where: { subjectId }, order: { id: 'DESC' } });
    return newest?.state === 'faulted' && newest.fault ? (newest.fault as unknown as Fault) : undefined;
  }

  /**
   * Opens the sessions of a run with the same patience as a step has: a tunnel that is down is no reason to give up at once.
   * @returns what `open` gives, or how the run ends without it.
   */
  async opened<T extends object>(open: () => Promise<T>, signal: AbortSignal): Promise<T | RunOutcome> {
    for (let tries = 1; ; tries += 1) {
      if (signal.aborted) return { ending: 'cancelled' };
      try {
        return await open();
      } catch (thrown) {
        if (signal.aborted) return { ending: 'cancelled' };
        const error = asMigrationError(thrown, 'peer.unreachable');
        const rule = retryRule(error.code);
        if (!rule || tries >= rule.attempts) {
          return {
            ending: 'faulted',
            fault: faultOf(CONNECT, { step: 'connect', attempt: tries }, error, undefined),
          };
        }
        await systemClock.wait(retryDelayMs(rule, tries, Math.random()), signal);
      }
    }
  }
}

/** What belonged to the run before is gone with it; a sheet that is new begins with what its subject is. */
async function keepLastingFindings(
  manager: EntityManager,
  subjectId: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const sheets = manager.getRepository(FactSheet);
  const sheet = await sheets.findOneBy({ subjectId });
  const lasting = Object.entries(sheet?.findings ?? {}).filter(([name]) =>
    (LASTING_FINDINGS as readonly string[]).includes(name),
  );
  await sheets.save(sheets.create({ subjectId, findings: { ...facts, ...Object.fromEntries(lasting) } }));
}

/** What the engine needs beside the store. */
export function enginePorts(
  store: EnginePorts['store'],
  { retryRules }: Pick<RunSettings, 'retryRules'>,
): EnginePorts {
  return {
    store,
    ...(retryRules ? { retryRules } : {}),
    clock: systemClock,
    random: Math.random,
    // Lower case and short: platforms make names of it, and parts are derived from it.
    newKey: (resource) => `${resource.toLowerCase().slice(0, 12)}-${newId('k').slice(2).toLowerCase()}`,
  };
}
