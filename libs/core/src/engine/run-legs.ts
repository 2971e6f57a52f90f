import { asMigrationError, isMigrationError, MigrationError } from '@ossea/errors';
import type { IdempotencyKey } from '@ossea/plugin-sdk';
import { chooseStep, legThatMakes, stepsOfLeg } from '../steps/choose-step.js';
import type { StepProgress } from '../steps/handlers.js';
import type { Leg } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import type { StepTable } from '../steps/steps.js';
import { blockedFault, faultOf, type Fault } from './fault.js';
import { ProgressBar } from './progress-bar.js';
import { retryDelayMs, retryRule, type RetryRules } from './retry-policy.js';
import { RunMemory } from './run-memory.js';
import type { JoinedWrite, RunStore, StepEnd, StepStart } from './run-store.js';

export interface Clock {
  /** Resolves after that many milliseconds, or at once when the signal fires; never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export interface EnginePorts {
  readonly store: RunStore;
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** A new key for a resource, never used before: `[a-z0-9-]`, at most 40 long, so that parts can be derived. */
  readonly newKey: (resource: string) => IdempotencyKey;
  readonly retryRules?: RetryRules;
}

/** A handler as the engine calls it; `StepHandlers` is what the compiler checks. */
export type LooseHandler = (
  given: Readonly<Record<string, unknown>>,
  call: {
    readonly signal: AbortSignal;
    readonly keys: Readonly<Record<string, IdempotencyKey>>;
    readonly attempt: number;
    readonly runId: string;
    readonly joinEnd: (write: JoinedWrite) => void;
    readonly report: (progress: StepProgress) => void;
    readonly context: unknown;
  },
) => Promise<Readonly<Record<string, unknown>> | void>;

export interface LegsRequest {
  readonly runId: string;
  readonly legs: readonly Leg<string>[];
  readonly steps: StepTable;
  readonly handlers: Readonly<Record<string, LooseHandler>>;
  readonly capabilities: ReadonlySet<string>;
  readonly context: unknown;
  /** Firing it cancels the run. */
  readonly signal: AbortSignal;
}

export type RunOutcome =
  | { readonly ending: 'succeeded'; readonly deferred: readonly string[] }
  | { readonly ending: 'faulted'; readonly fault: Fault }
  /** Nothing of the run is running any more. */
  | { readonly ending: 'cancelled' }
  /** Another process owns the run; this one has stopped and stored nothing more. */
  | { readonly ending: 'disowned' };

const EMPTY_END: Omit<StepEnd, 'leg' | 'step' | 'attempt'> = {
  ending: 'faulted',
  found: {},
  drop: [],
  held: {},
  unknown: [],
  left: [],
  reopen: [],
};

/** Tells what a handler threw from what the store threw. */
class HandlerFailure {
  constructor(readonly reason: unknown) {}
}

const NEVER = new AbortController().signal;

/**
 * Runs the legs of an itinerary that have not ended yet, in order, and resolves once nothing is running.
 * Never rejects for what a handler does; rejects with what the store throws (`database.unavailable`),
 * except `job.disowned`.
 */
export async function runLegs(request: LegsRequest, ports: EnginePorts): Promise<RunOutcome> {
  try {
    return await new LegRunner(request, ports, new RunMemory(await ports.store.load(request.runId))).run();
  } catch (error) {
    if (isMigrationError(error) && error.code === 'job.disowned') return { ending: 'disowned' };
    throw error;
  }
}

type StepResult = 'next' | 'again' | 'cancelled' | { readonly fault: Fault };

class LegRunner {
  private readonly tries = new Map<string, number>();
  private readonly attempts = new Map<string, number>();
  private readonly best = new Map<string, number>();
  private readonly deferred: string[] = [];
  private readonly bar: ProgressBar;

  constructor(
    private readonly request: LegsRequest,
    private readonly ports: EnginePorts,
    private readonly memory: RunMemory,
  ) {
    this.bar = new ProgressBar(request.legs, request.steps);
  }

  async run(): Promise<RunOutcome> {
    const { legs, steps, signal, capabilities, runId } = this.request;
    for (;;) {
      const leg = legs.findIndex((_, index) => !this.memory.isFinished(index));
      if (leg < 0) return { ending: 'succeeded', deferred: this.deferred };
      if (signal.aborted) return { ending: 'cancelled' };
      const choice = chooseStep(legs[leg]!, this.memory.situation(capabilities), steps);
      if (choice.blocked) return { ending: 'faulted', fault: blockedFault(stepsOfLeg(legs[leg]!)) };
      if (choice.step === undefined) {
        await this.ports.store.skipLeg(runId, leg, 'not-possible');
        this.memory.finish(leg);
        continue;
      }
      const result = await this.runStep(leg, choice.step, steps[choice.step]!);
      if (result === 'cancelled') return { ending: 'cancelled' };
      if (typeof result === 'object') return { ending: 'faulted', fault: result.fault };
    }
  }

  private async runStep(leg: number, name: string, step: StepDefinition): Promise<StepResult> {
    const { store, newKey } = this.ports;
    const attempt = (this.attempts.get(name) ?? 0) + 1;
    this.attempts.set(name, attempt);
    const start = {
      leg,
      step: name,
      attempt,
      label: step.label,
      drop: step.invalidates ?? [],
      yieldsTo: step.yieldsTo ?? [],
      claim: (step.acquires ?? [])
        .filter((resource) => this.memory.keyOf(resource) === undefined)
        .map((resource) => ({ resource, key: newKey(resource) })),
    };
    // Given is read before the step invalidates anything: a copy may begin with what it then replaces.
    const given = this.memory.facts([...step.consumes, ...(step.mayRead ?? [])]);
    if ((await store.beginStep(this.request.runId, start)) === 'yields') return this.yielding(step, start);
    this.memory.begin(start);
    const end = { ...EMPTY_END, leg, step: name, attempt };
    const joined: JoinedWrite[] = [];
    try {
      const answer = await this.callHandler(start, step, given, joined);
      await this.end({ ...end, ...this.yielded(name, step, answer ?? {}), ending: 'succeeded' }, joined);
      return 'next';
    } catch (error) {
      return this.failed(step, end, error);
    }
  }

  private async callHandler(
    { leg, step: name, attempt }: StepStart,
    step: StepDefinition,
    given: Readonly<Record<string, unknown>>,
    joined: JoinedWrite[],
  ): Promise<Readonly<Record<string, unknown>> | void> {
    const { handlers, context, runId, signal } = this.request;
    const handler = handlers[name];
    if (!handler) throw new MigrationError('internal.unexpected', `No handler for the step "${name}".`);
    const resources = [...(step.acquires ?? []), ...(step.releases ?? []), ...(step.touches ?? [])];
    const keys = resources.flatMap((resource): [string, IdempotencyKey][] => {
      const key = this.memory.keyOf(resource);
      return key === undefined ? [] : [[resource, key]];
    });
    let running = true;
    const report = (progress: StepProgress): void => {
      if (!running) return;
      if (progress.fraction > (this.best.get(name) ?? 0)) {
        this.best.set(name, progress.fraction);
        this.tries.delete(name);
      }
      this.ports.store.progress(runId, name, progress, this.bar.at(leg, progress.fraction));
    };
    try {
      return await handler(given, {
        signal: step.finishesDespiteCancel ? NEVER : signal,
        keys: Object.fromEntries(keys),
        attempt,
        runId,
        joinEnd: (write) => void joined.push(write),
        report,
        context,
      });
    } catch (error) {
      throw new HandlerFailure(error);
    } finally {
      running = false;
    }
  }

  /** What a handler's answer means for findings and ledger. Throws when it does not yield what it must. */
  private yielded(
    name: string,
    step: StepDefinition,
    answer: Readonly<Record<string, unknown>>,
  ): Pick<StepEnd, 'found' | 'held' | 'left'> {
    const pick = (names: readonly string[]): Record<string, unknown> =>
      Object.fromEntries(
        names.map((fact) => {
          if (answer[fact] !== undefined) return [fact, answer[fact]];
          throw new HandlerFailure(
            new MigrationError('internal.unexpected', `The step "${name}" ended without "${fact}".`),
          );
        }),
      );
    return {
      found: pick(step.produces ?? []),
      held: pick(step.acquires ?? []),
      left: (step.releases ?? [])
        .filter((resource) => this.memory.keyOf(resource) !== undefined)
        .map((resource) => ({ resource, as: step.handsOver ? 'handed-over' : 'released' })),
    };
  }

  private async failed(step: StepDefinition, end: StepEnd, thrown: unknown): Promise<StepResult> {
    // Only what a handler threw is a fault of the step; the store's own errors end the run.
    if (!(thrown instanceof HandlerFailure)) throw thrown;
    const error = asMigrationError(thrown.reason);
    const { signal } = this.request;
    if (step.deferrable && error.code === 'volume.in-use' && !signal.aborted) {
      await this.end({ ...end, ending: 'deferred' });
      this.deferred.push(end.step);
      return 'next';
    }
    const dropped: readonly string[] = step.onFault?.[error.code] ?? [];
    const reopen = this.legsToReopen(end.leg, dropped);
    const tries = (this.tries.get(end.step) ?? 0) + 1;
    this.tries.set(end.step, tries);
    const back = reopen[0] === undefined ? undefined : stepsOfLeg(this.request.legs[reopen[0]]!)[0];
    const fault = faultOf(step, end, error, back === undefined ? undefined : this.request.steps[back]?.label);
    await this.end({
      ...end,
      ending: signal.aborted ? 'cancelled' : 'faulted',
      drop: dropped.filter((fact) => this.memory.keyOf(fact) === undefined),
      unknown: dropped.filter((fact) => this.memory.keyOf(fact) !== undefined),
      reopen,
      fault,
    });
    return this.waitOrFault(fault, tries);
  }

  /** Another run holds what the step needs: put off what may be put off, wait for it otherwise. */
  private async yielding(step: StepDefinition, { leg, step: name, attempt }: StepStart): Promise<StepResult> {
    if (step.deferrable) {
      await this.ports.store.skipLeg(this.request.runId, leg, 'deferred');
      this.memory.finish(leg);
      this.deferred.push(name);
      return 'next';
    }
    const tries = (this.tries.get(name) ?? 0) + 1;
    this.tries.set(name, tries);
    const inUse = new MigrationError('volume.in-use', 'Another run of this machine holds its volumes.');
    return this.waitOrFault(faultOf(step, { step: name, attempt }, inUse, undefined), tries);
  }

  private async waitOrFault(fault: Fault, tries: number): Promise<StepResult> {
    const { signal } = this.request;
    if (signal.aborted) return 'cancelled';
    const rule = (this.ports.retryRules ?? retryRule)(fault.code);
    if (!rule || tries >= rule.attempts) return { fault };
    await this.ports.clock.wait(retryDelayMs(rule, tries, this.ports.random()), signal);
    return 'again';
  }

  /** The legs from the first one that makes a dropped fact again, up to the failed one. */
  private legsToReopen(failedLeg: number, dropped: readonly string[]): number[] {
    const { legs, steps } = this.request;
    const first = legThatMakes(dropped, failedLeg, legs, steps);
    return first === undefined ? [] : legs.flatMap((_, i) => (i >= first && i < failedLeg ? [i] : []));
  }

  private async end(end: StepEnd, joined: readonly JoinedWrite[] = []): Promise<void> {
    await this.ports.store.endStep(this.request.runId, end, joined);
    this.memory.end(end);
  }
}
