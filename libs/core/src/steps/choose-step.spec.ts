import { describe, expect, it } from 'vitest';
import { chooseStep, isPossible, legThatMakes, stepsOfLeg, type Situation } from './choose-step.js';
import { CONTEXT_ITINERARIES } from './itineraries.js';
import type { StepDefinition } from './step-definition.js';
import { STEPS, type StepTable } from './steps.js';

const step = (more: Partial<StepDefinition> = {}): StepDefinition => ({
  label: 'A step',
  weight: 1,
  consumes: [],
  ...more,
});
const situation = (more: Partial<Record<keyof Situation, string[]>> = {}): Situation => ({
  capabilities: new Set(more.capabilities),
  known: new Set(more.known),
  ledger: new Set(more.ledger),
});

describe('isPossible', () => {
  const TABLE: StepTable = {
    eats: step({ consumes: ['vm', 'snapshot'] }),
    needs: step({ requires: 'source.power' }),
    shy: step({ unless: ['recoveryPoint'] }),
    frees: step({ releases: ['machine', 'volumes'] }),
    feels: step({ touches: ['machine'] }),
  };
  const CASES: readonly (readonly [string, Partial<Record<keyof Situation, string[]>>, boolean])[] = [
    ['eats', { known: ['vm', 'snapshot'] }, true],
    ['eats', { known: ['vm'], ledger: ['snapshot'] }, false],
    ['needs', { capabilities: ['source.power'] }, true],
    ['needs', {}, false],
    ['shy', {}, true],
    ['shy', { known: ['recoveryPoint'] }, false],
    ['frees', { ledger: ['volumes'] }, true],
    ['frees', { known: ['volumes'] }, false],
    ['feels', { ledger: ['machine'] }, true],
    ['feels', {}, false],
    ['nobody', {}, false],
  ];

  it.each(CASES)('%s in %o: %s', (name, facts, possible) => {
    expect(isPossible(name, situation(facts), TABLE)).toBe(possible);
  });
});

describe('chooseStep', () => {
  const TABLE: StepTable = { first: step({ consumes: ['vm'] }), second: step({ consumes: ['vmId'] }) };

  it('takes the first of several that can run', () => {
    const leg = { firstOf: ['first', 'second'] };
    expect(chooseStep(leg, situation({ known: ['vm', 'vmId'] }), TABLE)).toEqual({
      step: 'first',
      blocked: false,
    });
    expect(chooseStep(leg, situation({ known: ['vmId'] }), TABLE)).toEqual({
      step: 'second',
      blocked: false,
    });
    expect(chooseStep(leg, situation(), TABLE)).toEqual({ step: undefined, blocked: true });
  });

  it('skips what runs only if it can, and is blocked by what must', () => {
    expect(chooseStep({ ifPossible: 'first' }, situation(), TABLE)).toEqual({
      step: undefined,
      blocked: false,
    });
    expect(chooseStep('first', situation(), TABLE)).toEqual({ step: undefined, blocked: true });
    expect(chooseStep('first', situation({ known: ['vm'] }), TABLE)).toEqual({
      step: 'first',
      blocked: false,
    });
  });

  it('names the steps of every kind of leg', () => {
    expect(stepsOfLeg('a')).toEqual(['a']);
    expect(stepsOfLeg({ ifPossible: 'a' })).toEqual(['a']);
    expect(stepsOfLeg({ firstOf: ['a', 'b'] })).toEqual(['a', 'b']);
  });
});

describe('legThatMakes', () => {
  const legs = CONTEXT_ITINERARIES['cutting-over'];
  const indexOf = (name: string, from = 0): number => legs.findIndex((leg, i) => i >= from && leg === name);
  const copy = indexOf('copy-disks');

  it('goes back to the earliest of the nearest makers', () => {
    expect(legThatMakes(['cyclePlan', 'changeTokens'], copy, legs, STEPS)).toBe(indexOf('decide-work'));
    expect(legThatMakes(['snapshot', 'exports'], copy, legs, STEPS)).toBe(indexOf('open-exports'));
  });

  it('does not go back before the source was stopped for what is made again after it', () => {
    const dropped = STEPS['copy-disks'].onFault['disk.identity-changed'];
    const back = legThatMakes(dropped, copy, legs, STEPS);
    expect(back).toBe(indexOf('describe-vm', 1));
    expect(back).toBeGreaterThan(indexOf('verify-recovery-point'));
  });

  it('stays when nothing before makes it', () => {
    expect(legThatMakes(['changeTokens'], copy, legs, STEPS)).toBeUndefined();
    expect(legThatMakes([], copy, legs, STEPS)).toBeUndefined();
  });
});
