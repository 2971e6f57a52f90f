import { CONTEXT_MACHINE } from '../machine/context-machine.js';
import { CONTEXT_ITINERARIES } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import { STEPS } from '../steps/steps.js';
import { CYCLE_PHYSICS } from './cycle-physics.js';
import { aftermath, type Belief, type Effect } from './effect.js';
import { FAILOVER_PHYSICS } from './failover-physics.js';
import { Graph } from './graph.js';
import { NameSet } from './name-set.js';
import { Bookkeeping, keyOfPlace, type Place, type Tables } from './place.js';
import { PLACE_RULES, remainsIn, type MoveRule, type Sighting } from './rules.js';
import { FIRST_WORLD, atTheEnd, keyOfWorld, withoutNoise, type World } from './world.js';

export const PRODUCT: Tables = {
  machine: CONTEXT_MACHINE,
  steps: STEPS,
  itineraries: CONTEXT_ITINERARIES,
};
const PHYSICS: Readonly<Record<string, Effect>> = { ...CYCLE_PHYSICS, ...FAILOVER_PHYSICS };

export interface Walk {
  readonly nodes: number;
  /** Rule → the shortest way there, one line per move. */
  readonly breaches: ReadonlyMap<string, readonly string[]>;
  readonly states: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
}

interface Node extends Place {
  readonly world: World;
  readonly leftRemains: boolean;
}

/**
 * Walks every path that the engine can take with a VM context: every event, and a fault, a cancel and a crash before,
 * during and after each step. Its limits: one VM, no clocks, one process at a time, nobody who works behind our back.
 * @param stopAt ends the walk as soon as this rule is broken.
 */
export function explore(
  capabilities: ReadonlySet<string>,
  tables: Tables = PRODUCT,
  stopAt?: MoveRule,
): Walk {
  return new Explorer(new Bookkeeping(tables, capabilities), stopAt).walk();
}

class Explorer {
  private readonly graph: Graph<Node>;
  private readonly steps = new Set<string>();
  /** Findings on which neither a step nor a rule depends. */
  private readonly needless: readonly string[];

  constructor(
    private readonly books: Bookkeeping,
    stopAt: MoveRule | undefined,
  ) {
    this.graph = new Graph(
      (node) => `${keyOfPlace(node)}|${node.leftRemains}|${keyOfWorld(node.world)}`,
      stopAt,
    );
    const table = Object.values(books.tables.steps);
    const read = table.flatMap((step) => [...step.consumes, ...(step.mayRead ?? []), ...(step.unless ?? [])]);
    const made = table.flatMap((step) => step.produces ?? []);
    this.needless = made.filter((name) => name !== 'verified' && !read.includes(name));
  }

  walk(): Walk {
    const { graph, books } = this;
    this.push('', { ...books.first(['vmId']), world: FIRST_WORLD, leftRemains: false });
    graph.walk((node) => {
      this.check(node);
      if (books.kind(node.state) === 'working') this.work(node);
      else for (const event of books.events(node.state)) this.send(node, event);
    });
    const kindOf = ({ state }: Node): string => books.kind(state);
    graph.checkPeace(PEACE, RUN, (node) => kindOf(node) !== 'working');
    graph.checkEnds(END, (node) => kindOf(node) === 'terminal');
    const states = new Set(graph.nodes.map((node) => node.state));
    return { nodes: graph.nodes.length, breaches: graph.breaches, states, steps: this.steps };
  }

  /** Without what nothing can depend on any more, and with the next leg one that runs. */
  private push(move: string, node: Node, ...whose: readonly string[]): void {
    if (this.books.kind(node.state) === 'terminal') return this.pushEnd(move, node, whose);
    const route = this.books.kind(node.state) === 'working' ? node.state : node.origin;
    const copying = route === 'replicating' || route === 'cutting-over';
    const found = this.relevant(node, route);
    const world = withoutNoise(node.world, found, copying);
    const leftRemains = node.leftRemains && remainsIn(world).size > 0;
    const { leg } = this.books.atNextStep({ ...node, found });
    this.graph.push(move, { ...node, found, world, leg, leftRemains }, ...whose);
  }

  private pushEnd(move: string, node: Node, whose: readonly string[]): void {
    const world = atTheEnd(node.world);
    const leftRemains = node.leftRemains && world.ours.size > 0;
    this.graph.push(move, { ...node, leg: 0, found: NameSet.none, world, leftRemains }, ...whose);
  }

  private relevant({ found, rows, world }: Node, route: string | undefined): NameSet {
    const known = found.without(this.needless);
    const told = world.fresh ? known : known.without(FRESH);
    return route === 'cutting-over' || rows.has('sourceHold') ? told : told.without(PRE_FLIGHT);
  }

  private check(node: Node): void {
    const retried = { ...node, state: node.origin ?? node.state };
    const sighting: Sighting = {
      ...node,
      next: this.books.choice(retried).step,
      known: this.books.known(node),
      ledger: node.rows,
      capabilities: this.books.capabilities,
    };
    for (const [rule, holds] of Object.entries(PLACE_RULES)) {
      if (!holds(sighting)) this.graph.breach(rule, `and so in ${node.state}`);
    }
  }

  /** Takes an event of the machine; what the operator does along with it belongs to the world. */
  private send(node: Node, event: string, move = event): void {
    const to = this.books.sent(node, event);
    if (to === undefined) return;
    const rests = to.state === 'managed' || to.state === 'in-sync';
    if (to.state === 'unwinding' && event !== 'release' && event !== 'retry') {
      this.breach('only a release leads to unwinding');
    }
    let { world } = node;
    if (event === 'commit') world = { ...world, accepted: true };
    if (this.books.kind(node.state) === 'resting' && !world.ours.has('sourceHold') && atPeace(node)) {
      world = { ...world, sourceRunning: true, sourceWas: 'running' };
    }
    if (rests && world.operatorStopped) world = { ...world, sourceRunning: true, operatorStopped: false };
    const leftRemains = node.leftRemains || event === 'leave-remains';
    const next = { ...to, world, leftRemains };
    if (event === 'release') {
      const found = next.found.with(GOES);
      this.push('release with volumes', { ...next, found, world: { ...world, volumesMayGo: true } });
      this.push(move, { ...next, found: next.found.without(GOES), world: { ...world, volumesMayGo: false } });
      return;
    }
    if (event === 'cutover') {
      const off: World = { ...world, sourceRunning: false, sourceWas: 'stopped' };
      this.push('cutover of a source that is off', { ...next, world: off });
    }
    this.push(move, next, ...(event === 'succeeded' ? [RUN] : []));
  }

  private work(node: Node): void {
    if (node.leg >= this.books.legs(node.state).length) return this.send(node, 'succeeded');
    this.stop(node);
    const { step: name, blocked } = this.books.choice(node);
    if (blocked) {
      this.graph.breach('no route is blocked', JSON.stringify(this.books.legs(node.state)[node.leg]));
    }
    if (name === undefined) return;
    this.steps.add(name);
    this.runStep(node, name, this.books.tables.steps[name]!);
  }

  private stop(node: Node, moment = ''): void {
    this.send(node, 'cancel', `cancel${moment}`);
    this.send(node, 'faulted', `fault${moment}`);
  }

  private runStep(node: Node, name: string, step: StepDefinition): void {
    const effect = PHYSICS[name];
    if (effect === undefined) throw new Error(`nobody has said what "${name}" does to the world`);
    const { capabilities } = this.books;
    const at: Belief = {
      known: this.books.known(node),
      capabilities,
      breach: (rule) => this.graph.breach(rule, name),
    };
    const begunNode: Node = { ...node, ...this.books.begun(node, step) };
    const world = withOurs(effect.begun?.(node.world, at) ?? node.world, effect.makes ?? [], []);
    const end = effect.ended?.(world, at) ?? world;
    this.interrupt(`${name}: before`, begunNode, step);
    // Where nothing of the world moves, one moment is like the other.
    if (!effect.inOneTransaction && world !== node.world) {
      this.interrupt(`${name}: during`, { ...begunNode, world }, step);
    }
    if (step.deferrable) this.push(`${name} is put off`, { ...begunNode, leg: node.leg + 1 });
    if ('fails' in end) return this.fault(end.fails, name, { ...begunNode, world }, step, RUN);

    const ended = withOurs(end, [], effect.removes ?? []);
    if (!effect.inOneTransaction && ended !== world) {
      this.interrupt(`${name}: after`, { ...begunNode, world: ended }, step);
    }
    const noted = this.books.ended(begunNode, step);
    this.push(name, { ...begunNode, ...noted, world: this.noted(name, step, ended) }, RUN);
  }

  /** Tokens that are stored by anything but a seal, or the return to one, run ahead of the bytes. */
  private noted(name: string, step: StepDefinition, world: World): World {
    const isSeal = name === 'seal-recovery-point' || name === 'revert-volumes';
    return step.produces?.includes('changeTokens') && !isSeal ? { ...world, tokens: 'ahead' } : world;
  }

  /** A crash, a cancel and each kind of fault at one moment of a step. */
  private interrupt(moment: string, node: Node, step: StepDefinition): void {
    this.push(`crash ${moment}`, node);
    this.stop(node, ` ${moment}`);
    for (const code of Object.keys(step.onFault ?? {})) this.fault(code, moment, node, step);
  }

  private fault(code: string, moment: string, node: Node, step: StepDefinition, ...whose: string[]): void {
    const dropped: readonly string[] = (step.onFault as Record<string, readonly string[]>)?.[code] ?? [];
    for (const world of aftermath(code, node.world)) {
      const back = { ...node, ...this.books.droppedTo(node, dropped), world };
      this.push(`${code} ${moment}`, back, ...whose);
      this.send(back, 'faulted', `${code} ${moment}, too often`);
    }
  }

  private breach(rule: MoveRule): void {
    this.graph.breach(rule);
  }
}

const RUN = 'run';
const PEACE: MoveRule = 'left in peace, every route comes to its end';
const END: MoveRule = 'every place can reach an end';
const FRESH = ['freshVolumes'];
const PRE_FLIGHT = ['preFlight'];
const GOES = ['volumesMayGo'];

/** Whether what the source does is nobody's business but its own. */
const atPeace = ({ state }: Node): boolean => state === 'managed' || state === 'in-sync';

function withOurs(world: World, add: readonly string[], remove: readonly string[]): World {
  const ours: NameSet = world.ours.with(add).without(remove);
  return ours === world.ours ? world : { ...world, ours };
}
