import {
  capabilitiesOf,
  eventOf,
  runItinerary,
  type EnginePorts,
  type Fault,
  type Leg,
  type MachineDefinition,
  type RunOutcome,
  type StepHandlers,
  type StepName,
} from '@ossea/core';
import { isMigrationError } from '@ossea/errors';
import type { EntityManager } from 'typeorm';
import type { UnitOfWork } from '../database/unit-of-work.js';
import type { RunContext } from './run-context.js';
import type { EngineRuns, RunSubject } from './runs/engine-runs.js';

/** Something with a state machine whose working states are itineraries: a VM context, a test failover. */
export interface MachineSubject<Context extends RunContext, Names extends StepName> {
  readonly subject: Omit<RunSubject, 'itinerary'>;
  readonly machine: MachineDefinition;
  readonly itineraries: Readonly<Record<string, readonly Leg[]>>;
  readonly handlers: StepHandlers<Context, Names>;
  state(): Promise<string>;
  /** Moves the machine, in the transaction that stores how the run ended. */
  send(manager: EntityManager, event: string): Promise<unknown>;
  /** What the steps work with, opened anew for every working state. */
  open(signal: AbortSignal): Promise<Context>;
  /** Told the id of each engine run while it goes on; what it gives back is called at its end. */
  onRun(runId: string): () => void;
}

export type MachineOutcome =
  | { readonly ending: 'rested'; readonly state: string; readonly deferred: readonly string[] }
  | { readonly ending: 'faulted'; readonly fault: Fault }
  | { readonly ending: 'cancelled'; readonly state: string }
  | { readonly ending: 'disowned' };

/** Takes a subject from working state to working state until it rests. */
export class MachineRuns {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly runs: EngineRuns,
    private readonly ports: EnginePorts,
  ) {}

  /**
   * Runs working states until the machine rests. The signal cancels, or, with the reason `job.disowned`, leaves
   * everything as it is for the process that goes on; the promise settles when nothing runs any more.
   * @param resumed whether an earlier process began the job.
   */
  async runUntilRest<Context extends RunContext, Names extends StepName>(
    it: MachineSubject<Context, Names>,
    { signal, resumed }: { readonly signal: AbortSignal; readonly resumed: boolean },
  ): Promise<MachineOutcome> {
    const deferred: string[] = [];
    let cancelled = false;
    for (;;) {
      const state = await it.state();
      if (it.machine.states[state]?.kind !== 'working') return this.rested(it, state, cancelled, deferred);
      // What follows a cancel gives things back: it runs to its end, also when another process began it.
      const takesCancel = 'cancel' in it.machine.states[state].on;
      if (!takesCancel && resumed && signal.aborted && !isDisowned(signal)) cancelled = true;
      const counts = takesCancel && !cancelled ? signal : uncancellable(signal);
      const run = await this.runs.open({ ...it.subject, itinerary: state });
      const end = it.onRun(run.id);
      let outcome: RunOutcome;
      try {
        outcome = await this.runState(it, state, run.id, counts);
      } finally {
        end();
      }
      const event = eventOf(outcome);
      if (event === undefined || isDisowned(signal)) return { ending: 'disowned' };
      await this.unitOfWork.run(async (manager) => {
        await this.runs.close(manager, run.id, outcome);
        await it.send(manager, event);
      });
      if (event === 'cancel') cancelled = true;
      if (outcome.ending === 'succeeded') deferred.push(...outcome.deferred);
      if (outcome.ending === 'faulted') return { ending: 'faulted', fault: outcome.fault };
    }
  }

  private async runState<Context extends RunContext, Names extends StepName>(
    it: MachineSubject<Context, Names>,
    state: string,
    runId: string,
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const context = await this.runs.opened(() => it.open(signal), signal);
    if ('ending' in context) return context;
    return runItinerary(
      {
        runId,
        legs: (it.itineraries[state] ?? []) as readonly Leg<Names>[],
        handlers: it.handlers,
        capabilities: capabilitiesOf(context),
        context,
        signal,
      },
      this.ports,
    );
  }

  /** A process may have died between the end of a run and the end of its job: the fault is still to be told. */
  private async rested<Context extends RunContext, Names extends StepName>(
    it: MachineSubject<Context, Names>,
    state: string,
    cancelled: boolean,
    deferred: readonly string[],
  ): Promise<MachineOutcome> {
    if (cancelled) return { ending: 'cancelled', state };
    if (state === 'faulted' || state === 'needs-attention') {
      const fault = await this.runs.lastFault(it.subject.subjectId);
      if (fault) return { ending: 'faulted', fault };
    }
    return { ending: 'rested', state, deferred };
  }
}

/** Whether this process must leave the job alone. */
export function isDisowned(signal: AbortSignal): boolean {
  return signal.aborted && isMigrationError(signal.reason) && signal.reason.code === 'job.disowned';
}

/** A signal that a cancel does not fire. */
function uncancellable(signal: AbortSignal): AbortSignal {
  return isDisowned(signal) ? signal : new AbortController().signal;
}
