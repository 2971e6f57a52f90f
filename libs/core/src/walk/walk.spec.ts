import { beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT_MACHINE } from '../machine/context-machine.js';
import { findFlaws } from '../machine/machine.js';
import { stepsOfLeg } from '../steps/choose-step.js';
import { CONTEXT_ITINERARIES } from '../steps/itineraries.js';
import { STEPS, type StepTable } from '../steps/steps.js';
import { explore, type Walk } from './explore.js';
import { pairingsOf } from './pairings.js';
import { RULE_NAMES } from './rules.js';

/** `target.zeroedVolumes` steers no route, but what a plan leaves out. */
const PAIRINGS = pairingsOf([
  'source.changedBlocks',
  'source.power',
  'target.volumeSnapshots',
  'target.zeroedVolumes',
]);
const STEPS_OF_CONTEXTS = new Set(Object.values(CONTEXT_ITINERARIES).flat().flatMap(stepsOfLeg));

describe('every path of a VM context, with a fault, a cancel and a crash before, during and after each step', () => {
  const walks = new Map<string, Walk>();

  beforeAll(() => {
    const started = performance.now();
    for (const granted of PAIRINGS) walks.set([...granted].join(', ') || 'nothing', explore(granted));
    const nodes = [...walks.values()].reduce((sum, walk) => sum + walk.nodes, 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.info(`The walk saw ${nodes} places over ${walks.size} pairings in ${seconds} s.`);
  }, 120_000);

  it.each(RULE_NAMES)('%s', (rule) => {
    const breaches = [...walks].flatMap(([granted, { breaches: found }]) => {
      const way = found.get(rule);
      return way ? [`granted: ${granted}`, ...way] : [];
    });
    expect(breaches.join('\n  ')).toBe('');
  });

  it('breaks nothing that has no name', () => {
    const broken = [...walks.values()].flatMap(({ breaches }) => [...breaches.keys()]);
    expect(broken).toEqual([]);
  });

  it('comes to every state', () => {
    for (const { states } of walks.values()) {
      expect([...states].sort()).toEqual(Object.keys(CONTEXT_MACHINE.states).sort());
    }
  });

  it('runs every step of the itineraries that the pairing grants', () => {
    const table: StepTable = STEPS;
    for (const granted of PAIRINGS) {
      const { steps } = walks.get([...granted].join(', ') || 'nothing')!;
      const possible = [...STEPS_OF_CONTEXTS].filter((name) => {
        const { requires } = table[name]!;
        if (name === 'confirm-source-stopped') return !granted.has('source.power');
        // There is nothing to go back to, and no delta to fold again, without snapshots.
        if (name === 'revert-volumes') return granted.has('target.volumeSnapshots');
        if (name === 'drop-rollback-point') return granted.has('target.volumeSnapshots');
        return requires === undefined || granted.has(requires);
      });
      expect([...steps].sort()).toEqual(possible.sort());
    }
  });

  it('pairs every capability that a step requires', () => {
    const table: StepTable = STEPS;
    const required = [...STEPS_OF_CONTEXTS].flatMap((name) => table[name]!.requires ?? []);
    const paired = new Set<string>(PAIRINGS.flatMap((granted) => [...granted]));
    expect(required.filter((name) => !paired.has(name))).toEqual([]);
  });

  it('is large enough to mean something', () => {
    for (const { nodes } of walks.values()) expect(nodes).toBeGreaterThan(10_000);
  });
});

it('walks a sound machine', () => {
  expect(findFlaws(CONTEXT_MACHINE)).toEqual([]);
});
