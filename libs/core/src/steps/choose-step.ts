import type { Leg } from './itineraries.js';
import type { StepTable } from './steps.js';

export interface Situation {
  /** What these two connections grant. */
  readonly capabilities: ReadonlySet<string>;
  /** Findings, and resources whose value we have. */
  readonly known: ReadonlySet<string>;
  /** Resources that we own or may own. */
  readonly ledger: ReadonlySet<string>;
}

/** Whether a step can run now. */
export function isPossible(name: string, situation: Situation, steps: StepTable): boolean {
  const step = steps[name];
  if (!step) return false;
  const { capabilities, known, ledger } = situation;
  return (
    (!step.requires || capabilities.has(step.requires)) &&
    step.consumes.every((fact) => known.has(fact)) &&
    !step.unless?.some((fact) => known.has(fact)) &&
    (step.touches ?? []).every((resource) => ledger.has(resource)) &&
    (!step.releases || step.releases.some((resource) => ledger.has(resource)))
  );
}

/** The steps a leg names. */
export function stepsOfLeg(leg: Leg<string>): readonly string[] {
  if (typeof leg === 'string') return [leg];
  return 'firstOf' in leg ? leg.firstOf : [leg.ifPossible];
}

/**
 * The leg to go back to, so that every one of these facts is made again before another leg; `undefined` when no leg
 * before that one makes any. The nearest maker of each fact is enough: what stands before it is not done twice.
 * A fault that drops facts sends the run back there.
 */
export function legThatMakes(
  facts: readonly string[],
  before: number,
  legs: readonly Leg<string>[],
  steps: StepTable,
): number | undefined {
  const makes = (leg: Leg<string>, fact: string): boolean =>
    stepsOfLeg(leg).some(
      (name) =>
        steps[name]?.produces?.includes(fact as never) || steps[name]?.acquires?.includes(fact as never),
    );
  const nearest = facts.map((fact) => legs.slice(0, before).findLastIndex((leg) => makes(leg, fact)));
  const made = nearest.filter((leg) => leg >= 0);
  return made.length ? Math.min(...made) : undefined;
}

/**
 * The step to run for this leg; `undefined` skips it.
 * `blocked` never happens in a sound table: the walk proves it.
 */
export function chooseStep(
  leg: Leg<string>,
  situation: Situation,
  steps: StepTable,
): { readonly step: string | undefined; readonly blocked: boolean } {
  const step = stepsOfLeg(leg).find((name) => isPossible(name, situation, steps));
  const optional = typeof leg === 'object' && 'ifPossible' in leg;
  return { step, blocked: step === undefined && !optional };
}
