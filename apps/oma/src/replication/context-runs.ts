import {
  CONTEXT_ITINERARIES,
  CONTEXT_MACHINE,
  STEPS,
  capabilitiesOf,
  eventOf,
  nextOrigin,
  nextState,
  runItinerary,
  systemClock,
  type ContextState,
  type ContextWorkingState,
  type EnginePorts,
  type Fault,
  type Leg,
  type StepHandlers,
} from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { DataSource } from 'typeorm';
import { newId } from '../database/new-id.js';
import { VmContext } from '../discovery/vm-context.entity.js';
import { EngineRun, FactSheet } from './runs/run.entities.js';
import type { RunContext } from './run-context.js';

export interface ContextRunsOptions {
  readonly database: DataSource;
  readonly ports: EnginePorts;
  /** Names this process in the runs it owns. */
  readonly ownerId: string;
  readonly handlers: StepHandlers<RunContext>;
  /** Told after the transaction that stored it. */
  readonly onStateChanged: (context: VmContext, from: string, event: string) => void;
}

export type ContextOutcome =
  | { readonly ending: 'rested'; readonly state: ContextState; readonly deferred: readonly string[] }
  | { readonly ending: 'faulted'; readonly fault: Fault }
  | { readonly ending: 'cancelled'; readonly state: ContextState }
  | { readonly ending: 'disowned' };

/** Takes a VM context from event to event through its machine, until it rests again. */
export class ContextRuns {
  constructor(private readonly options: ContextRunsOptions) {}

  /**
   * Sends an event to the machine.
   * Throws `request.conflict` when the present state does not take it, also when another process was faster.
   */
  async send(contextId: string, event: string): Promise<VmContext> {
    const { database, onStateChanged } = this.options;
    const contexts = database.getRepository(VmContext);
    const context = await contexts.findOneBy({ id: contextId });
    if (!context) throw new MigrationError('request.not-found', `There is no VM context "${contextId}".`);
    const sheet = await database.getRepository(FactSheet).findOneBy({ subjectId: contextId });
    const at = {
      state: context.state,
      origin: context.origin ?? undefined,
      known: new Set(Object.keys(sheet?.findings ?? {})),
    };
    const to = nextState(CONTEXT_MACHINE, at, event);
    const conflict = () =>
      new MigrationError(
        'request.conflict',
        `"${event}" is not possible while "${context.name}" is ${context.state}.`,
        {
          context: { context: contextId, state: context.state },
        },
      );
    if (to === undefined) throw conflict();
    const changed = await contexts.update(
      { id: contextId, state: context.state },
      { state: to, origin: nextOrigin(CONTEXT_MACHINE, at, to) ?? null, updatedAt: new Date() },
    );
    if (changed.affected !== 1) throw conflict();
    const from = context.state;
    const after = await contexts.findOneByOrFail({ id: contextId });
    onStateChanged(after, from, event);
    return after;
  }

  /** Runs working states until the machine rests. The signal cancels; the promise settles when nothing runs any more. */
  async runUntilRest(run: RunContext, signal: AbortSignal): Promise<ContextOutcome> {
    let cancelled = false;
    for (;;) {
      const { state } = await this.options.database
        .getRepository(VmContext)
        .findOneByOrFail({ id: run.contextId });
      if (CONTEXT_MACHINE.states[state as ContextState].kind !== 'working')
        return cancelled
          ? { ending: 'cancelled', state: state as ContextState }
          : { ending: 'rested', state: state as ContextState, deferred: [] };
      // What follows a cancel gives things back: it runs to its end.
      const outcome = await this.runState(
        state as ContextWorkingState,
        run,
        cancelled ? new AbortController().signal : signal,
      );
      const event = eventOf(outcome);
      if (event === undefined) return { ending: 'disowned' };
      await this.send(run.contextId, event);
      if (event === 'cancel') cancelled = true;
      if (outcome.ending === 'faulted') return { ending: 'faulted', fault: outcome.fault };
    }
  }

  private async runState(state: ContextWorkingState, run: RunContext, signal: AbortSignal) {
    const engineRun = await this.openRun(state, run);
    const outcome = await runItinerary(
      {
        runId: engineRun.id,
        legs: CONTEXT_ITINERARIES[state] as readonly Leg[],
        handlers: this.options.handlers,
        capabilities: capabilitiesOf(run),
        context: run,
        signal,
      },
      this.options.ports,
    );
    if (outcome.ending !== 'disowned')
      await this.options.database
        .getRepository(EngineRun)
        .update({ id: engineRun.id }, { state: outcome.ending, endedAt: new Date() });
    return outcome;
  }

  /** The run to go on with: one that a crash or a fault left unfinished in this very state, or a new one. */
  private async openRun(state: ContextWorkingState, run: RunContext): Promise<EngineRun> {
    const { database, ownerId } = this.options;
    const runs = database.getRepository(EngineRun);
    const open = await runs.findOne({
      where: [
        { subjectId: run.contextId, itinerary: state, state: 'running' },
        { subjectId: run.contextId, itinerary: state, state: 'faulted' },
      ],
      order: { startedAt: 'DESC' },
    });
    const newest = await runs.findOne({ where: { subjectId: run.contextId }, order: { startedAt: 'DESC' } });
    // A faulted run that something else followed is history, not work.
    if (open && open.id === newest?.id) {
      await runs.update({ id: open.id }, { ownerId, state: 'running', jobId: run.jobId });
      return runs.findOneByOrFail({ id: open.id });
    }
    const fresh = runs.create({
      id: newId('run'),
      subjectId: run.contextId,
      contextId: run.contextId,
      jobId: run.jobId,
      itinerary: state,
      ownerId,
      finishedLegs: [],
      fault: null,
      state: 'running',
      startedAt: new Date(),
      endedAt: null,
    });
    await runs.save(fresh);
    return fresh;
  }
}

/** What the engine needs beside the store. */
export function enginePorts(store: EnginePorts['store']): EnginePorts {
  return {
    store,
    clock: systemClock,
    random: Math.random,
    // Lower case and short: platforms make names of it, and parts are derived from it.
    newKey: (resource) => `${resource.toLowerCase().slice(0, 12)}-${newId('k').slice(2).toLowerCase()}`,
  };
}

/** The label of a step for people. */
export const labelOf = (step: string): string =>
  step in STEPS ? STEPS[step as keyof typeof STEPS].label : step;
