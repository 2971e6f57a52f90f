import type { CapabilityName } from '../steps/facts.js';
import type { StepHandlers } from '../steps/handlers.js';
import type { Leg } from '../steps/itineraries.js';
import { STEPS, type StepName } from '../steps/steps.js';
import { runLegs, type Clock, type EnginePorts, type LooseHandler, type RunOutcome } from './run-legs.js';

export interface RunRequest<Context, Names extends StepName> {
  readonly runId: string;
  /** `CONTEXT_ITINERARIES[state]`, or a test failover's. */
  readonly legs: readonly Leg<Names>[];
  readonly handlers: StepHandlers<Context, Names>;
  readonly capabilities: ReadonlySet<CapabilityName>;
  readonly context: Context;
  /** Firing it cancels the run; the promise settles once the running handler has stopped. */
  readonly signal: AbortSignal;
}

/**
 * Runs an itinerary of the product from its first unfinished leg to its end, a fault or a cancel.
 * The same call starts a run, resumes it after a crash and retries it after a fault.
 * @returns how it ended; `eventOf` turns it into the machine's event.
 */
export function runItinerary<Context, Names extends StepName>(
  request: RunRequest<Context, Names>,
  ports: EnginePorts,
): Promise<RunOutcome> {
  // The one place where the compiler's view of the handlers is left: the engine works by name.
  const handlers = request.handlers as unknown as Readonly<Record<string, LooseHandler>>;
  return runLegs({ ...request, handlers, steps: STEPS }, ports);
}

/** The event a state machine gets when a run has ended; `undefined` when the run is another process's now. */
export function eventOf(outcome: RunOutcome): 'succeeded' | 'faulted' | 'cancel' | undefined {
  if (outcome.ending === 'disowned') return undefined;
  return outcome.ending === 'cancelled' ? 'cancel' : outcome.ending;
}

/** What `can` of a session grants, as capability names. */
export function capabilitiesOf(sessions: {
  readonly source?: { readonly can: object };
  readonly target?: { readonly can: object };
}): ReadonlySet<CapabilityName> {
  const names = (side: 'source' | 'target'): CapabilityName[] =>
    Object.entries(sessions[side]?.can ?? {}).flatMap(([name, granted]) =>
      granted === undefined ? [] : [`${side}.${name}` as CapabilityName],
    );
  return new Set([...names('source'), ...names('target')]);
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const timer = setTimeout(stop, ms);
      signal.addEventListener('abort', stop);
    }),
};
