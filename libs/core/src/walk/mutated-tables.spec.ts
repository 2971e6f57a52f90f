import { describe, expect, it } from 'vitest';
import type { StateDefinition } from '../machine/machine.js';
import { stepsOfLeg } from '../steps/choose-step.js';
import { LASTING_FINDINGS } from '../steps/facts.js';
import type { Leg } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import { PRODUCT, explore } from './explore.js';
import type { Tables } from './place.js';
import { RULE_NAMES, type MoveRule } from './rules.js';

const ALL = ['source.changedBlocks', 'source.power', 'target.volumeSnapshots', 'target.zeroedVolumes'];
const without = (name: string): string[] => ALL.filter((one) => one !== name);

const withStep = (name: string, change: Partial<StepDefinition>): Tables => ({
  ...PRODUCT,
  steps: { ...PRODUCT.steps, [name]: { ...PRODUCT.steps[name]!, ...change } },
});
const withRoute = (state: string, change: (legs: readonly Leg<string>[]) => Leg<string>[]): Tables => ({
  ...PRODUCT,
  itineraries: { ...PRODUCT.itineraries, [state]: change(PRODUCT.itineraries[state]!) },
});
const withEvents = (state: string, on: StateDefinition['on'], tables = PRODUCT): Tables => {
  const { states } = tables.machine;
  const changed = { ...states[state]!, on: { ...states[state]!.on, ...on } };
  return { ...tables, machine: { ...tables.machine, states: { ...states, [state]: changed } } };
};
const isLegOf =
  (...names: string[]) =>
  (leg: Leg<string>): boolean =>
    names.includes(stepsOfLeg(leg)[0]!);
const minus =
  (...names: string[]) =>
  (legs: readonly Leg<string>[]): Leg<string>[] =>
    legs.filter((leg) => !isLegOf(...names)(leg));
/** Moves a step in front of another one. */
const before =
  (name: string, other: string) =>
  (legs: readonly Leg<string>[]): Leg<string>[] => {
    const rest = minus(name)(legs);
    rest.splice(rest.findIndex(isLegOf(other)), 0, legs.find(isLegOf(name))!);
    return rest;
  };

interface Mutation {
  readonly mutation: string;
  readonly rule: MoveRule;
  readonly tables: Tables;
  readonly granted?: readonly string[];
}

const MUTATIONS: readonly Mutation[] = [
  {
    mutation: 'a fallback forgotten in firstOf: nobody confirms that the operator stopped the source',
    rule: 'no route is blocked',
    tables: withRoute('cutting-over', (legs) =>
      legs.map((leg) => (isLegOf('stop-source')(leg) ? 'stop-source' : leg)),
    ),
    granted: without('source.power'),
  },
  {
    mutation: 'volumes not unwound',
    rule: 'released means nothing of ours is left, or says exactly what remains',
    tables: withRoute('unwinding', minus('remove-volumes', 'keep-volumes')),
  },
  {
    mutation: 'a snapshot not unwound by a cancel',
    rule: 'cancelling leaves nothing of ours behind, or says exactly what remains',
    tables: withRoute('cancelling', minus('drop-snapshot')),
  },
  {
    mutation: 'an early restart of the source, before the target has stopped',
    rule: 'source and target never run together on live networks',
    tables: withRoute('rolling-back', before('start-source', 'stop-machine')),
  },
  {
    mutation: 'a late restart of the source, after its volumes',
    rule: 'a way back never keeps the source off for the sake of volumes',
    tables: withRoute('rolling-back', (legs) => [
      ...minus('start-source')(legs),
      { ifPossible: 'start-source' },
    ]),
  },
  {
    mutation: 'stale tokens and a stale point: the target has run, and both still stand',
    rule: 'in-sync means the disks match',
    tables: withStep('start-machine', { invalidates: [] }),
    granted: without('target.volumeSnapshots'),
  },
  {
    mutation: 'tokens that outlive a reset of the tracking',
    rule: 'left in peace, every route comes to its end',
    tables: withStep('copy-disks', { onFault: { 'tracking.reset': ['cyclePlan'] } }),
  },
  {
    mutation: 'tokens recorded too soon, before the seal',
    rule: 'a change token advances only with the seal',
    tables: withStep('decide-work', { produces: ['cyclePlan', 'changeTokens'] }),
  },
  {
    mutation: 'a delta that was rejected is written again',
    rule: 'left in peace, every route comes to its end',
    tables: withStep('check-written', { onFault: { 'copy.incomplete': ['copied'] } }),
  },
  {
    mutation: 'a seal that asks for nothing, before the copy',
    rule: 'only a whole cycle is sealed',
    tables: {
      ...withStep('seal-recovery-point', { consumes: ['vm', 'exports'] }),
      itineraries: withRoute('replicating', before('seal-recovery-point', 'copy-disks')).itineraries,
    },
  },
  {
    mutation: 'holes are left out of volumes that were written',
    rule: 'a known recovery point stands',
    tables: withStep('copy-disks', { invalidates: ['copied', 'written'] }),
  },
  {
    mutation: 'an accepted machine still stands in the ledger, and a commit that fails can be released',
    rule: 'an accepted machine is never removed',
    tables: withEvents(
      'needs-attention',
      { release: { cancelling: 'unwinding', 'rolling-back': 'unwinding', committing: 'unwinding' } },
      withStep('accept-machine', { releases: ['volumes', 'sourceHold'] }),
    ),
  },
  {
    mutation: 'in-sync without a recovery point',
    rule: 'in-sync means the disks match',
    tables: { ...PRODUCT, machine: { ...PRODUCT.machine, rest: [{ state: 'in-sync' }] } },
  },
  {
    mutation: 'no ledger row for the snapshot',
    rule: 'everything of ours stands in the ledger',
    tables: withStep('take-snapshot', { acquires: [], produces: ['snapshot' as never] }),
  },
  {
    mutation: 'the kept delta leaves the ledger with its fold, although its file stays',
    rule: 'everything of ours stands in the ledger',
    tables: withStep('fold-kept-delta', { touches: [], releases: ['keptDelta'] }),
  },
  {
    mutation: 'the kept delta is discarded before it was folded again',
    rule: 'nothing copied is deleted by a failure',
    tables: withRoute('rolling-back', before('discard-kept-delta', 'fold-kept-delta')),
  },
  {
    mutation: 'volumes go without an approved plan',
    rule: 'nothing copied is deleted by a failure',
    tables: withStep('remove-volumes', { consumes: [] }),
  },
  {
    mutation: 'the source is stopped before the recovery point was verified',
    rule: 'the source is stopped only when the way back is ready',
    tables: withRoute('cutting-over', before('stop-source', 'verify-recovery-point')),
  },
  {
    mutation: 'the whole recovery point is verified in the downtime',
    rule: 'nothing as long as the disks runs while both machines are down',
    tables: withRoute('cutting-over', (legs) =>
      legs.flatMap((leg) => (isLegOf('verify-final-ranges')(leg) ? ['verify-recovery-point'] : [leg])),
    ),
  },
  {
    mutation: 'a machine of volumes without the final delta',
    rule: 'a machine is built only from a whole point',
    tables: withRoute('cutting-over', minus('fold-keeping-delta')),
  },
  {
    mutation: 'a machine gets volumes that are still attached here',
    rule: 'a volume is attached to one machine, and never exported while attached elsewhere',
    tables: withRoute('cutting-over', minus('detach-volumes')),
  },
  {
    mutation: 'the rollback point is dropped before the volumes were put back',
    rule: 'a roll back ends at a recovery point where the target has snapshots',
    tables: withRoute('rolling-back', before('drop-rollback-point', 'revert-volumes')),
  },
  {
    mutation: 'the operator is left with volumes and a heap of deltas',
    rule: 'the operator is left whole volumes',
    tables: withRoute('unwinding', minus('fold-all-deltas')),
  },
  {
    mutation: 'nobody remembers what the source did before it was stopped',
    rule: 'at rest the source is as it was',
    tables: { ...PRODUCT, lasting: LASTING_FINDINGS.filter((name) => name !== 'preFlight') },
  },
  {
    mutation: 'a cancelled cycle goes on to release the machine',
    rule: 'only a release leads to unwinding',
    tables: withEvents('replicating', { cancel: 'unwinding' }),
  },
  {
    mutation: 'there is no way out when the unwinding fails',
    rule: 'every place can reach an end',
    tables: withEvents('needs-attention', { retry: 'needs-attention', 'leave-remains': {} }),
  },
  {
    mutation: 'a cancel that hands the volumes over',
    rule: 'cancel keeps volumes and recovery points',
    tables: withRoute('cancelling', (legs) => [...legs, { ifPossible: 'keep-volumes' }]),
  },
  {
    mutation: 'a copy that asks for nothing, before its exports are open',
    rule: 'a copy writes through a lease',
    tables: {
      ...withStep('copy-disks', { consumes: ['vm'] }),
      itineraries: withRoute('replicating', before('copy-disks', 'open-exports')).itineraries,
    },
  },
  {
    mutation: 'the kept delta is not folded again, and the next one is folded without it',
    rule: 'a delta is folded only into its point',
    tables: withRoute('rolling-back', minus('fold-kept-delta', 'discard-kept-delta')),
  },
  {
    mutation: 'rollback snapshots outlive the commit',
    rule: 'migrated means the machine runs, the source does not, and nothing of ours is left',
    tables: withRoute('committing', minus('drop-rollback-point')),
  },
  {
    mutation: 'a release that leaves the source off',
    rule: 'a release starts the source again if we stopped it',
    tables: withRoute('unwinding', minus('start-source')),
  },
];

describe('a table that is wrong is caught', () => {
  it.each(MUTATIONS.map((one) => [one.rule, one.mutation, one] as const))(
    'by "%s": %s',
    (_rule, _mutation, { rule, tables, granted = ALL }) => {
      const { breaches } = explore(new Set(granted), tables, rule);
      expect([...breaches.keys()]).toContain(rule);
      expect(breaches.get(rule)!.length).toBeGreaterThan(1);
    },
    30_000,
  );

  it('by every rule there is', () => {
    expect(new Set(MUTATIONS.map(({ rule }) => rule))).toEqual(new Set(RULE_NAMES));
  });
});
