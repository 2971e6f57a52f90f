import { CONTEXT_MACHINE, type ContextState } from '../machine/context-machine.js';
import { nextState, type MachineDefinition } from '../machine/machine.js';
import { chooseStep, legThatMakes } from '../steps/choose-step.js';
import { LASTING_FINDINGS, type ResourceName } from '../steps/facts.js';
import { CONTEXT_ITINERARIES, type Leg } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import { STEPS, type StepTable } from '../steps/steps.js';
import { IN_ONE_TRANSACTION, PHYSICS } from './physics.js';
import { RULES, isWorking, type Sighting } from './rules.js';
import { FIRST_WORLD, keyOfWorld, withoutNoise, type World } from './world.js';

/** The tables under test; the product's own, unless a mutation is tried. */
export interface Tables {
  readonly machine: MachineDefinition;
  readonly steps: StepTable;
  readonly itineraries: Readonly<Record<string, readonly Leg<string>[]>>;
}
export const PRODUCT: Tables = {
  machine: CONTEXT_MACHINE,
  steps: STEPS,
  itineraries: CONTEXT_ITINERARIES,
};

export interface Walk {
  readonly nodes: number;
  /** Rule → the shortest way there, one line per move. */
  readonly breaches: ReadonlyMap<string, readonly string[]>;
  readonly states: ReadonlySet<string>;
}

interface Node {
  readonly state: string;
  readonly origin: string | undefined;
  readonly leg: number;
  readonly found: ReadonlySet<string>;
  /** Resource → whether its value is known. */
  readonly ledger: ReadonlyMap<string, boolean>;
  readonly world: World;
  readonly leftRemains: boolean;
}

/** Sets are shared between nodes and never changed, so each is spelt once. */
const spelt = new WeakMap<object, string>();
function spell(value: object, spelling: () => readonly string[]): string {
  const known = spelt.get(value);
  if (known !== undefined) return known;
  const text = [...spelling()].sort().join('+');
  spelt.set(value, text);
  return text;
}

const keyOf = ({ state, origin, leg, found, ledger, world, leftRemains }: Node): string =>
  `${state}|${origin}|${leg}|${leftRemains}|${spell(found, () => [...found])}|${spell(ledger, () =>
    [...ledger].map(([name, held]) => name + (held ? '!' : '?')),
  )}|${keyOfWorld(world)}`;

const knownIn = ({ found, ledger }: Pick<Node, 'found' | 'ledger'>): Set<string> =>
  new Set([...found, ...[...ledger].flatMap(([name, held]) => (held ? [name] : []))]);

/** Walks every path the engine can take: every event, and a fault, a cancel and a crash before, during and after each step. */
export function explore(capabilities: ReadonlySet<string>, tables: Tables = PRODUCT): Walk {
  return new Explorer(capabilities, tables).walk();
}

class Explorer {
  private readonly ids = new Map<string, number>();
  private readonly nodes: Node[] = [];
  private readonly cameFrom: { readonly id: number; readonly move: string }[] = [];
  private readonly into: number[][] = [];
  private readonly breaches = new Map<string, readonly string[]>();
  private current = 0;
  /** Facts on which some step depends. */
  private readonly facts: ReadonlySet<string>;

  constructor(
    private readonly capabilities: ReadonlySet<string>,
    private readonly tables: Tables,
  ) {
    this.facts = new Set(
      Object.values(tables.steps).flatMap((step) => [
        ...step.consumes,
        ...(step.mayRead ?? []),
        ...(step.unless ?? []),
      ]),
    );
  }

  walk(): Walk {
    this.push('', {
      state: this.tables.machine.initial,
      origin: undefined,
      leg: 0,
      found: new Set(['vmId']),
      ledger: new Map(),
      world: FIRST_WORLD,
      leftRemains: false,
    });
    for (this.current = 0; this.current < this.nodes.length; this.current += 1) {
      const node = this.nodes[this.current]!;
      this.check(node);
      if (isWorking(node.state)) this.work(node);
      else
        for (const event of Object.keys(this.tables.machine.states[node.state]!.on)) this.send(node, event);
    }
    this.checkEnds();
    const states = new Set(this.nodes.map((node) => node.state));
    return { nodes: this.nodes.length, breaches: this.breaches, states };
  }

  private push(move: string, given: Node): void {
    const node = this.withoutNoise(given);
    const key = keyOf(node);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.nodes.length;
      this.ids.set(key, id);
      this.nodes.push(node);
      this.cameFrom.push({ id: this.current, move });
      this.into.push([]);
    }
    this.into[id]!.push(this.current);
  }

  /** The same place for every purpose: what nothing can depend on any more is left out, and the next leg is one that runs. */
  private withoutNoise(node: Node): Node {
    const route = isWorking(node.state) ? node.state : node.origin;
    const copying = route === 'replicating' || route === 'cutting-over';
    const found = this.relevant(node.found, node.world);
    const world = withoutNoise(node.world, found, copying);
    const legs = this.tables.itineraries[route ?? ''] ?? [];
    const situation = {
      capabilities: this.capabilities,
      known: knownIn({ found, ledger: node.ledger }),
      ledger: new Set(node.ledger.keys()),
    };
    let leg = node.leg;
    while (leg < legs.length) {
      const choice = chooseStep(legs[leg]!, situation, this.tables.steps);
      if (choice.blocked || choice.step !== undefined) break;
      leg += 1;
    }
    return { ...node, found, world, leg };
  }

  private relevant(found: ReadonlySet<string>, world: World): ReadonlySet<string> {
    const needless = [...found].filter(
      (name) => !this.facts.has(name) || (name === 'freshVolumes' && !world.fresh),
    );
    return needless.length ? new Set([...found].filter((name) => !needless.includes(name))) : found;
  }

  private breach(rule: string, move = ''): void {
    if (this.breaches.has(rule)) return;
    const way = [move];
    for (let id = this.current; id > 0; id = this.cameFrom[id]!.id) way.unshift(this.cameFrom[id]!.move);
    this.breaches.set(rule, way);
  }

  private check(node: Node): void {
    const sighting: Sighting = {
      ...node,
      state: node.state as ContextState,
      known: knownIn(node),
      ledger: new Set(node.ledger.keys()),
      capabilities: this.capabilities,
    };
    for (const [rule, holds] of Object.entries(RULES)) if (!holds(sighting)) this.breach(rule, node.state);
  }

  /** Every place must have a way to a terminal state. */
  private checkEnds(): void {
    const ends = this.nodes.flatMap(({ state }, id) =>
      this.tables.machine.states[state]!.kind === 'terminal' ? [id] : [],
    );
    const canEnd = new Set(ends);
    for (const id of canEnd) for (const from of this.into[id]!) canEnd.add(from);
    this.current = this.nodes.findIndex((_, id) => !canEnd.has(id));
    if (this.current >= 0) this.breach('every place can reach an end', this.nodes[this.current]!.state);
  }

  /** Takes an event of the machine; what the operator does along with it belongs to the world. */
  private send(node: Node, event: string): void {
    const { machine } = this.tables;
    const to = nextState(machine, { state: node.state, origin: node.origin, known: node.found }, event);
    if (to === undefined) return;
    const stays = event === 'retry' || (event === 'faulted' && isWorking(node.state));
    let world = node.world;
    if (event === 'commit') world = { ...world, accepted: true };
    if ((to === 'managed' || to === 'in-sync') && world.operatorStopped) {
      world = { ...world, sourceRunning: true, operatorStopped: false };
    }
    const owes = [...world.ours].some((name) => name === 'snapshot' || name === 'exports');
    const next: Node = {
      ...node,
      found: stays ? node.found : new Set(LASTING_FINDINGS.filter((name) => node.found.has(name))),
      state: to,
      world,
      origin: event === 'faulted' ? node.state : undefined,
      leg: stays ? node.leg : 0,
      leftRemains: event === 'leave-remains' || (node.leftRemains && owes),
    };
    this.push(event, next);
    if (event === 'release') {
      const found = new Set([...next.found, 'volumesMayGo']);
      this.push('release with volumes', { ...next, found, world: { ...world, volumesMayGo: true } });
    }
  }

  private work(node: Node): void {
    const legs = this.tables.itineraries[node.state] ?? [];
    const leg = legs[node.leg];
    if (leg === undefined) return this.send(node, 'succeeded');
    this.send(node, 'cancel');
    const situation = {
      capabilities: this.capabilities,
      known: knownIn(node),
      ledger: new Set(node.ledger.keys()),
    };
    const { step: name, blocked } = chooseStep(leg, situation, this.tables.steps);
    if (blocked) return this.breach('no route is blocked', JSON.stringify(leg));
    if (name === undefined) return;
    this.runStep(node, name, this.tables.steps[name]!, situation.known);
  }

  private runStep(node: Node, name: string, step: StepDefinition, known: ReadonlySet<string>): void {
    const found = new Set(node.found);
    const ledger = new Map(node.ledger);
    for (const fact of step.invalidates ?? []) found.delete(fact);
    for (const resource of step.acquires ?? []) if (!ledger.has(resource)) ledger.set(resource, false);
    const begunNode: Node = { ...node, found, ledger };
    const at = {
      known,
      capabilities: this.capabilities,
      had: node.world.ours,
      breach: (rule: string) => this.breach(rule, name),
    };
    const effect = PHYSICS[name];
    const taken = withOurs(node.world, step.acquires ?? [], []);
    const begun = effect?.begun?.(taken, at) ?? taken;
    const done = effect?.ended ? effect.ended(begun, at) : begun;
    const ended = done && withOurs(done, [], step.releases ?? []);

    this.interrupt(`${name}: before`, begunNode, step);
    if (!IN_ONE_TRANSACTION.includes(name)) {
      this.interrupt(`${name}: during`, { ...begunNode, world: begun }, step);
      if (ended) this.interrupt(`${name}: after`, { ...begunNode, world: ended }, step);
    }
    if (step.deferrable) this.push(`defer ${name}`, { ...begunNode, leg: node.leg + 1 });
    if (ended) this.push(name, this.noted({ ...begunNode, leg: node.leg + 1 }, name, step, ended));
  }

  /** The step's end is stored. */
  private noted(node: Node, name: string, step: StepDefinition, world: World): Node {
    const found = new Set([...node.found, ...(step.produces ?? [])]);
    const ledger = new Map(node.ledger);
    for (const resource of step.acquires ?? []) ledger.set(resource, true);
    for (const resource of step.releases ?? []) ledger.delete(resource);
    const madeTokens = step.produces?.includes('changeTokens');
    const sealed = name === 'seal-recovery-point' || name === 'revert-volumes';
    return { ...node, found, ledger, world: madeTokens && !sealed ? { ...world, tokens: 'ahead' } : world };
  }

  /** A crash, a cancel and each kind of fault at one moment of a step. */
  private interrupt(moment: string, node: Node, step: StepDefinition): void {
    this.push(`crash ${moment}`, node);
    this.send(node, 'cancel');
    this.send(node, 'faulted');
    const legs = this.tables.itineraries[node.state] ?? [];
    for (const [code, dropped] of Object.entries(step.onFault ?? {})) {
      const found = new Set([...node.found].filter((fact) => !dropped.includes(fact as ResourceName)));
      const ledger = new Map(
        [...node.ledger].map(([name, held]) => [name, held && !dropped.includes(name as ResourceName)]),
      );
      const leg = legThatMakes(dropped, node.leg, legs, this.tables.steps) ?? node.leg;
      const lost = code === 'snapshot.failed' ? [withOurs(node.world, [], ['snapshot'])] : [];
      for (const world of [node.world, ...lost]) {
        const back: Node = { ...node, found, ledger, leg, world };
        this.push(`${code} ${moment}`, back);
        this.send(back, 'faulted');
      }
    }
  }
}

function withOurs(world: World, add: readonly ResourceName[], remove: readonly ResourceName[]): World {
  if (add.length + remove.length === 0) return world;
  return { ...world, ours: new Set([...world.ours, ...add].filter((name) => !remove.includes(name))) };
}
