import { describe, expect, it } from 'vitest';
import { CONTEXT_MACHINE } from '../machine/context-machine.js';
import { findFlaws } from '../machine/machine.js';
import { TEST_FAILOVER_MACHINE, mayStandBesideATest } from '../machine/test-failover-machine.js';
import { stepsOfLeg } from '../steps/choose-step.js';
import { CONTEXT_ITINERARIES, TEST_FAILOVER_ITINERARIES, type Leg } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import { STEPS, type StepTable } from '../steps/steps.js';
import { BESIDE_RULES, PRODUCT_TEST, exploreBeside, type BesideRule } from './beside.js';
import type { Tables } from './place.js';
import { pairingsOf } from './pairings.js';
import { STEPS_ON_VOLUMES } from './test-physics.js';

const TABLE: StepTable = STEPS;
/** Without snapshots there is no test: the pre-flight says so before one begins. */
const SNAPSHOTS = 'target.volumeSnapshots';
const PAIRINGS = pairingsOf(['target.isolatedNetworks']).map((granted) => new Set([...granted, SNAPSHOTS]));

describe('every way in which a test failover and the cycles of its VM can meet', () => {
  const walks = PAIRINGS.map((granted) => exploreBeside(granted));

  it.each(BESIDE_RULES)('%s', (rule) => {
    expect(walks.map(({ breaches }) => breaches.get(rule)?.join('\n  ') ?? '')).toEqual(['', '']);
  });

  it('comes to every state and runs every step', () => {
    const [bare, whole] = walks;
    expect([...whole!.states].sort()).toEqual(Object.keys(TEST_FAILOVER_MACHINE.states).sort());
    const all = new Set(Object.values(TEST_FAILOVER_ITINERARIES).flat().flatMap(stepsOfLeg));
    expect([...whole!.steps].sort()).toEqual([...all].sort());
    all.delete('make-isolated-network');
    all.delete('remove-test-network');
    expect([...bare!.steps].sort()).toEqual([...all].sort());
  });

  it('is large enough to mean something', () => {
    const nodes = walks.map((walk) => walk.nodes);
    console.info(`The walk of a test beside cycles saw ${nodes.join(' and ')} places.`);
    expect(Math.min(...nodes)).toBeGreaterThan(2_000);
  });
});

describe('a test is a run beside its VM', () => {
  it('walks a sound machine', () => {
    expect(findFlaws(TEST_FAILOVER_MACHINE)).toEqual([]);
  });

  it('owns nothing that its VM owns, and asks nothing of the source', () => {
    const resourcesOf = (itineraries: Readonly<Record<string, readonly Leg[]>>): Set<string> =>
      new Set(
        Object.values(itineraries)
          .flat()
          .flatMap(stepsOfLeg)
          .flatMap((name) => [...(TABLE[name]?.acquires ?? []), ...(TABLE[name]?.releases ?? [])]),
      );
    const owned = resourcesOf(CONTEXT_ITINERARIES);
    expect([...resourcesOf(TEST_FAILOVER_ITINERARIES)].filter((name) => owned.has(name))).toEqual([]);
    const needs = Object.values(TEST_FAILOVER_ITINERARIES)
      .flat()
      .flatMap(stepsOfLeg)
      .flatMap((name) => TABLE[name]?.requires ?? []);
    expect(needs.filter((name) => name.startsWith('source.'))).toEqual([]);
  });

  it('stands only beside states whose steps leave the volumes to it, or yield to its hold', () => {
    const disturbing = Object.entries(CONTEXT_ITINERARIES).filter(([, legs]) =>
      legs.flatMap(stepsOfLeg).some((name) => {
        const { yieldsTo, deferrable } = TABLE[name]!;
        const yields = yieldsTo?.includes('hold') === true && deferrable === true;
        return STEPS_ON_VOLUMES.includes(name as never) && !yields;
      }),
    );
    const states = Object.keys(CONTEXT_MACHINE.states) as (keyof typeof CONTEXT_MACHINE.states)[];
    for (const [state] of disturbing) expect(mayStandBesideATest(state as 'preparing'), state).toBe(false);
    expect(states.filter((state) => mayStandBesideATest(state)).sort()).toEqual([
      'cancelling',
      'in-sync',
      'replicating',
    ]);
    for (const off of ['faulted', 'needs-attention'] as const) {
      const beside = states.filter((origin) => mayStandBesideATest(off, origin));
      expect(beside.sort()).toEqual(['cancelling', 'replicating']);
      expect(mayStandBesideATest(off)).toBe(false);
    }
  });
});

const withStep = (name: string, change: Partial<StepDefinition>): Tables => ({
  ...PRODUCT_TEST,
  steps: { ...PRODUCT_TEST.steps, [name]: { ...PRODUCT_TEST.steps[name]!, ...change } },
});
const withRoute = (state: string, change: (legs: readonly Leg<string>[]) => Leg<string>[]): Tables => ({
  ...PRODUCT_TEST,
  itineraries: { ...PRODUCT_TEST.itineraries, [state]: change(PRODUCT_TEST.itineraries[state]!) },
});
const minus =
  (name: string) =>
  (legs: readonly Leg<string>[]): Leg<string>[] =>
    legs.filter((leg) => stepsOfLeg(leg)[0] !== name);

describe('a table that is wrong is caught', () => {
  const MUTATIONS: readonly (readonly [BesideRule, string, Tables])[] = [
    [
      'folds do not run under a hold',
      'a fold that does not yield',
      withStep('fold-deltas', { yieldsTo: [] }),
    ],
    [
      'cycles go on beside a test, and never wait for it',
      'a fold that cannot be put off',
      { ...PRODUCT_TEST, steps: { ...STEPS, 'fold-deltas': { ...STEPS['fold-all-deltas'], weight: 6 } } },
    ],
    [
      'test copies are one recovery point',
      'the hold is released before the snapshots are taken',
      {
        ...withStep('snapshot-volumes', { consumes: ['volumes'] }),
        itineraries: withRoute('testing', (legs) => [legs[0]!, legs[2]!, legs[1]!, ...legs.slice(3)])
          .itineraries,
      },
    ],
    [
      'cleaning up leaves nothing of ours, or says exactly what remains',
      'copies are not cleaned up',
      withRoute('cleaning-up', minus('remove-copies')),
    ],
    [
      'left in peace, every test comes to its end',
      'snapshots go before the copies that are made of them',
      withRoute('cleaning-up', (legs) => [{ ifPossible: 'remove-test-snapshots' }, ...legs]),
    ],
    [
      'everything of ours stands in the ledger',
      'no ledger row for the copies',
      withStep('make-copies', { acquires: [], produces: ['testVolumes' as never] }),
    ],
    [
      'the originals are never touched',
      'a test that starts a machine on the originals',
      {
        ...withStep('start-machine', { consumes: [] }),
        itineraries: withRoute('testing', (legs) => ['start-machine', ...legs]).itineraries,
      },
    ],
    [
      'no route is blocked',
      'a network that every target must be able to make',
      withRoute('testing', (legs) => [...minus('make-isolated-network')(legs), 'make-isolated-network']),
    ],
    [
      'a test that is over holds nothing up',
      'a hold that is not released',
      withRoute('cleaning-up', minus('release-hold')),
    ],
    [
      'every place can reach an end',
      'a clean-up that can only be tried again',
      {
        ...PRODUCT_TEST,
        machine: {
          ...TEST_FAILOVER_MACHINE,
          states: {
            ...TEST_FAILOVER_MACHINE.states,
            'needs-attention': { kind: 'resting', on: { retry: 'needs-attention' } },
          },
        },
      },
    ],
  ];

  it.each(MUTATIONS)('by "%s": %s', (rule, _mutation, tables) => {
    expect([...exploreBeside(new Set([SNAPSHOTS]), tables, rule).breaches.keys()]).toContain(rule);
  });

  it('by every rule that speaks of a table', () => {
    const caught = new Set(MUTATIONS.map(([rule]) => rule));
    expect(BESIDE_RULES.filter((rule) => !caught.has(rule))).toEqual([
      'nothing takes the volumes away under a test',
    ]);
  });
});
