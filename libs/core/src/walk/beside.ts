import { CONTEXT_MACHINE, type ContextState } from '../machine/context-machine.js';
import { TEST_FAILOVER_MACHINE, mayStandBesideATest } from '../machine/test-failover-machine.js';
import { CONTEXT_ITINERARIES, TEST_FAILOVER_ITINERARIES } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import { STEPS, type StepTable } from '../steps/steps.js';
import { Graph } from './graph.js';
import { NameSet } from './name-set.js';
import { Bookkeeping, keyOfPlace, type Place, type Tables } from './place.js';
import { TEST_PHYSICS, type SharedWorld } from './test-physics.js';

export const PRODUCT_TEST: Tables = {
  machine: TEST_FAILOVER_MACHINE,
  steps: STEPS,
  itineraries: TEST_FAILOVER_ITINERARIES,
  given: ['vm', 'recoveryPoint', 'volumes'],
};
/** Of a cycle only what the test can feel: it seals deltas, and it folds them. */
const CYCLE_LEGS = CONTEXT_ITINERARIES.replicating.filter(
  (leg) => leg === 'seal-recovery-point' || leg === 'fold-deltas',
) as readonly string[];

export const BESIDE_RULES = [
  'no route is blocked',
  'left in peace, every test comes to its end',
  'cycles go on beside a test, and never wait for it',
  'every place can reach an end',
  'everything of ours stands in the ledger',
  'cleaning up leaves nothing of ours, or says exactly what remains',
  'a test that is over holds nothing up',
  'the originals are never touched',
  'folds do not run under a hold',
  'test copies are one recovery point',
  'nothing takes the volumes away under a test',
] as const;
export type BesideRule = (typeof BESIDE_RULES)[number];

export interface WalkBeside {
  readonly nodes: number;
  readonly breaches: ReadonlyMap<string, readonly string[]>;
  readonly states: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
}

interface Node {
  readonly test: Place;
  readonly cycle: Place;
  readonly world: SharedWorld;
}

const FIRST_WORLD: SharedWorld = {
  ours: NameSet.none,
  volume: 'good',
  sealed: false,
  folding: false,
  snapshots: 'none',
};
const keyOf = ({ test, cycle, world }: Node): string =>
  [
    keyOfPlace(test),
    keyOfPlace(cycle),
    world.ours.id,
    world.volume,
    world.sealed,
    world.folding,
    world.snapshots,
  ].join('|');

/**
 * Walks every way in which a test failover and the cycles of its VM can meet, with a fault, a cancel and a crash at
 * every moment of both. Test steps that want the room's lock wait for a fold that runs, and the other way round.
 */
export function exploreBeside(
  capabilities: ReadonlySet<string>,
  tables: Tables = PRODUCT_TEST,
  stopAt?: BesideRule,
): WalkBeside {
  return new BesideExplorer(capabilities, tables, stopAt).walk();
}

class BesideExplorer {
  private readonly test: Bookkeeping;
  private readonly cycle: Bookkeeping;
  private readonly graph: Graph<Node>;
  private readonly steps = new Set<string>();

  constructor(capabilities: ReadonlySet<string>, tables: Tables, stopAt: BesideRule | undefined) {
    const steps: StepTable = Object.fromEntries(
      CYCLE_LEGS.map((name) => [name, { ...tables.steps[name]!, consumes: [] }]),
    );
    this.test = new Bookkeeping(tables, capabilities);
    this.cycle = new Bookkeeping(
      { machine: CONTEXT_MACHINE, steps, itineraries: { replicating: CYCLE_LEGS } },
      capabilities,
    );
    this.graph = new Graph(keyOf, stopAt);
  }

  walk(): WalkBeside {
    const { graph, test, cycle } = this;
    const first = cycle.first(['vmId', 'recoveryPoint']);
    const inSync = { ...first, state: 'in-sync', rows: NameSet.of(['exports']) };
    this.push('', { test: test.first([]), cycle: inSync, world: FIRST_WORLD });
    graph.walk((node) => {
      this.check(node);
      if (node.world.folding) this.fold(node);
      this.moveTest(node);
      if (!node.world.folding) this.moveCycle(node);
    });
    const kindOf = ({ state }: Place): string => test.kind(state);
    this.checkPeace(
      'left in peace, every test comes to its end',
      'test',
      (node) => kindOf(node.test) !== 'working',
    );
    this.checkPeace(
      'cycles go on beside a test, and never wait for it',
      'cycle',
      (node) => cycle.kind(node.cycle.state) !== 'working',
    );
    graph.checkEnds(
      'every place can reach an end' satisfies BesideRule,
      (node) => kindOf(node.test) === 'terminal',
    );
    const states = new Set(graph.nodes.map((node) => node.test.state));
    return { nodes: graph.nodes.length, breaches: graph.breaches, states, steps: this.steps };
  }

  private checkPeace(rule: BesideRule, whose: string, isEnd: (node: Node) => boolean): void {
    this.graph.checkPeace(rule, whose, isEnd);
  }

  private push(move: string, node: Node, ...whose: readonly string[]): void {
    const test = this.test.atNextStep(node.test);
    this.graph.push(move, { ...node, test, cycle: this.cycle.atNextStep(node.cycle) }, ...whose);
  }

  private breach(rule: BesideRule, move: string): void {
    this.graph.breach(rule, move);
  }

  private check({ test, world }: Node): void {
    const here = `and so in ${test.state}`;
    const remains = [...world.ours.names];
    const said = remains.every((name) => test.rows.has(name));
    if (!said) this.breach('everything of ours stands in the ledger', here);
    const cleaned = test.state === 'cleaned-up' && (remains.length > 0 || test.rows.size > 0);
    if (cleaned || (test.state === 'left-behind' && !said)) {
      this.breach('cleaning up leaves nothing of ours, or says exactly what remains', here);
    }
    const over = this.test.kind(test.state) === 'terminal';
    if (over && (world.ours.has('hold') || test.rows.has('hold'))) {
      this.breach('a test that is over holds nothing up', here);
    }
    const stands = world.volume === 'good' || (world.volume === 'mixed' && world.sealed);
    if (!stands) this.breach('the originals are never touched', here);
    if (world.snapshots === 'torn' && world.ours.has('testVolumes')) {
      this.breach('test copies are one recovery point', here);
    }
  }

  /** The fold of a cycle has the lock: it ends, or everything stands still with it. */
  private fold(node: Node): void {
    const { cycle, world } = node;
    const leg = cycle.leg + 1;
    const done: SharedWorld = { ...world, folding: false, volume: 'good', sealed: false };
    this.push('the fold ends', { ...node, cycle: { ...cycle, leg }, world: done }, 'cycle', 'test');
    const stopped: SharedWorld = { ...world, folding: false };
    this.push('crash of a fold', { ...node, world: stopped });
    const faulted = this.cycle.sent(cycle, 'faulted');
    if (faulted) this.push('fault of a fold', { ...node, cycle: faulted, world: stopped });
  }

  private moveCycle(node: Node): void {
    const { cycle, world } = node;
    if (this.cycle.kind(cycle.state) !== 'working') {
      for (const event of this.cycle.events(cycle.state)) this.sendCycle(node, event);
      return;
    }
    const { step: name } = this.cycle.choice(cycle);
    if (cycle.leg >= this.cycle.legs(cycle.state).length) return this.sendCycle(node, 'succeeded', 'cycle');
    if (name === undefined) return this.breach('no route is blocked', 'a cycle');
    this.sendCycle(node, 'cancel');
    this.sendCycle(node, 'faulted');
    const ended = { ...cycle, leg: cycle.leg + 1 };
    if (name === 'seal-recovery-point') {
      this.push(name, { ...node, cycle: ended, world: { ...world, sealed: true } }, 'cycle');
      return;
    }
    const step = this.cycle.tables.steps[name]!;
    if (step.yieldsTo?.some((resource) => node.test.rows.has(resource))) {
      if (step.deferrable) this.push(`${name} yields`, { ...node, cycle: ended }, 'cycle');
      return;
    }
    if (world.ours.has('hold')) this.breach('folds do not run under a hold', name);
    if (!world.sealed) this.push(name, { ...node, cycle: ended }, 'cycle');
    else
      this.push(
        `${name} begins`,
        { ...node, world: { ...world, folding: true, volume: 'mixed' } },
        'cycle',
        'test',
      );
  }

  private sendCycle(node: Node, event: string, ...whose: readonly string[]): void {
    const cycle = this.cycle.sent(node.cycle, event);
    if (cycle === undefined) return;
    // As the appliance asks before it sends: a test that is not over keeps the VM from all that takes its volumes.
    const refused =
      this.cycle.kind(cycle.state) === 'working' &&
      this.test.kind(node.test.state) !== 'terminal' &&
      !mayStandBesideATest(cycle.state as ContextState, cycle.origin);
    if (refused) return;
    if (
      cycle.state === 'replicating' ||
      cycle.state === 'cancelling' ||
      this.cycle.kind(cycle.state) === 'resting'
    ) {
      this.push(`VM: ${event}`, { ...node, cycle }, ...whose);
    } else if (this.test.kind(node.test.state) !== 'terminal') {
      this.breach('nothing takes the volumes away under a test', event);
    }
  }

  private moveTest(node: Node): void {
    const { test } = node;
    if (this.test.kind(test.state) !== 'working') {
      for (const event of this.test.events(test.state)) this.send(node, event);
      return;
    }
    if (test.leg >= this.test.legs(test.state).length)
      return this.send(node, 'succeeded', 'succeeded', 'test');
    this.stop(node);
    const { step: name, blocked } = this.test.choice(test);
    if (blocked) this.breach('no route is blocked', JSON.stringify(this.test.legs(test.state)[test.leg]));
    if (name === undefined) return;
    this.steps.add(name);
    this.runStep(node, name, this.test.tables.steps[name]!);
  }

  private send(node: Node, event: string, move = event, ...whose: readonly string[]): void {
    const to = this.test.sent(node.test, event);
    if (to === undefined) return;
    // A hold is a row of our own: it goes with the event, and is nothing that could be left behind.
    const letsGo = event === 'leave-remains';
    const test = letsGo ? { ...to, rows: to.rows.without(HOLD), held: to.held.without(HOLD) } : to;
    const world = letsGo ? { ...node.world, ours: node.world.ours.without(HOLD) } : node.world;
    this.push(move, { ...node, test, world }, ...whose);
  }

  private stop(node: Node, moment = ''): void {
    this.send(node, 'cancel', `cancel${moment}`);
    this.send(node, 'faulted', `fault${moment}`);
  }

  private interrupt(moment: string, node: Node): void {
    const { world } = node;
    // A crash takes the fold with it.
    this.push(`crash ${moment}`, { ...node, world: { ...world, folding: false } });
    this.stop(node, ` ${moment}`);
  }

  private runStep(node: Node, name: string, step: StepDefinition): void {
    const effect = TEST_PHYSICS[name];
    if (effect === undefined) return this.breach('the originals are never touched', name);
    const begunNode: Node = { ...node, test: this.test.begun(node.test, step) };
    this.interrupt(`${name}: before`, begunNode);
    if (effect.locks && node.world.folding) return;
    const begun = effect.begun?.(node.world) ?? node.world;
    const world = { ...begun, ours: begun.ours.with(effect.makes ?? []) };
    this.interrupt(`${name}: during`, { ...begunNode, world });
    const end = effect.ended?.(world) ?? world;
    if ('fails' in end) return;
    const ended = { ...end, ours: end.ours.without(effect.removes ?? []) };
    this.interrupt(`${name}: after`, { ...begunNode, world: ended });
    this.push(name, { ...begunNode, test: this.test.ended(begunNode.test, step), world: ended }, 'test');
  }
}

const HOLD = ['hold'];
