/** A state machine is a value. This file knows how to check and run any of them; it names no state. */
export type StateKind = 'resting' | 'working' | 'terminal';

/**
 * Where an event leads: a state, or
 * `@origin`, the working state in which the machine faulted, or
 * `@rest`, the resting state that what is known now supports (`MachineDefinition.rest`), or
 * a different one for each working state that the machine may have faulted in.
 */
export type Target = string | { readonly [origin: string]: string };

export interface StateDefinition {
  /** resting: waits for someone; working: the engine runs steps; terminal: nothing ever follows. */
  readonly kind: StateKind;
  readonly on: Readonly<Record<string, Target>>;
}

export interface MachineDefinition {
  readonly initial: string;
  readonly states: Readonly<Record<string, StateDefinition>>;
  /** What `@rest` means: the first of these whose fact is known. The last one stands without a fact. */
  readonly rest?: readonly { readonly state: string; readonly whenKnown?: string }[];
}

export interface Position {
  readonly state: string;
  /** The working state that faulted; `undefined` while nothing has. */
  readonly origin: string | undefined;
  /** Names of the facts that are known now; `@rest` depends on them. */
  readonly known: { has(name: string): boolean };
}

/**
 * The state an event leads to, or `undefined` when this state does not take it.
 * @param at where the machine stands, and what is known.
 */
export function nextState(machine: MachineDefinition, at: Position, event: string): string | undefined {
  const target = machine.states[at.state]?.on[event];
  const named =
    typeof target === 'object' ? (at.origin === undefined ? undefined : target[at.origin]) : target;
  if (named === '@origin') return at.origin;
  if (named !== '@rest') return named;
  return machine.rest?.find((choice) => choice.whenKnown === undefined || at.known.has(choice.whenKnown))
    ?.state;
}

/** The origin to remember after an event: a fault remembers the working state, all else forgets or keeps it. */
export function nextOrigin(machine: MachineDefinition, at: Position, to: string): string | undefined {
  const here = machine.states[at.state]?.kind;
  const isOffPath = machine.states[to]?.kind === 'resting' && leadsBack(machine, to);
  return here === 'working' && isOffPath ? at.state : undefined;
}

/** Events that this position takes: what a console may offer as actions (without the engine's own two). */
export function possibleEvents(machine: MachineDefinition, at: Position): string[] {
  return Object.keys(machine.states[at.state]?.on ?? {}).filter(
    (event) => nextState(machine, at, event) !== undefined,
  );
}

/** Whether some event of this state depends on where the machine faulted. */
function leadsBack(machine: MachineDefinition, state: string): boolean {
  return Object.values(machine.states[state]?.on ?? {}).some(
    (target) => target === '@origin' || typeof target === 'object',
  );
}

/** Every state that a target may mean. */
function meanings(machine: MachineDefinition, state: string, target: Target): string[] {
  const origins = Object.keys(machine.states).filter(
    (name) =>
      machine.states[name]!.kind === 'working' && Object.values(machine.states[name]!.on).includes(state),
  );
  const named = typeof target === 'object' ? Object.values(target) : [target];
  return named.flatMap((to) => {
    if (to === '@origin') return origins;
    if (to === '@rest') return (machine.rest ?? []).map((choice) => choice.state);
    return [to];
  });
}

/** Every way a definition can be wrong, as sentences; empty means sound. */
export function findFlaws(machine: MachineDefinition): string[] {
  const { states, initial, rest } = machine;
  const flaws: string[] = [];
  if (!states[initial]) return [`initial state "${initial}" is not defined`];
  if (rest && rest.at(-1)?.whenKnown !== undefined) flaws.push('"@rest" may mean nothing');

  for (const [name, state] of Object.entries(states)) {
    const events = Object.keys(state.on);
    for (const target of Object.values(state.on)) {
      if (target === '@rest' && !rest) flaws.push(`"${name}" leads to "@rest", which is not defined`);
      for (const to of meanings(machine, name, target)) {
        if (!states[to]) flaws.push(`"${name}" leads to unknown state "${to}"`);
      }
      if (typeof target === 'object') {
        for (const origin of Object.keys(target)) {
          if (states[origin]?.kind !== 'working')
            flaws.push(`"${name}" names "${origin}", which never works`);
        }
      }
    }
    if (state.kind === 'terminal' && events.length) flaws.push(`terminal "${name}" has a way out`);
    if (state.kind !== 'terminal' && !events.length) flaws.push(`"${name}" is a dead end but not terminal`);
    if (state.kind === 'working') {
      for (const event of ['succeeded', 'faulted']) {
        if (!events.includes(event)) flaws.push(`working "${name}" does not handle "${event}"`);
      }
    }
  }
  return flaws.length ? flaws : findStrandedStates(machine);
}

/** States that cannot be reached, and states from which no terminal one can be. */
function findStrandedStates(machine: MachineDefinition): string[] {
  const { states, initial } = machine;
  const next = (name: string): string[] =>
    Object.values(states[name]!.on).flatMap((target) => meanings(machine, name, target));
  const reach = (from: string): Set<string> => {
    const seen = new Set([from]);
    for (const name of seen) for (const to of next(name)) seen.add(to);
    return seen;
  };
  const reachable = reach(initial);
  return Object.entries(states).flatMap(([name, state]) => {
    if (!reachable.has(name)) return [`"${name}" can never be reached`];
    const canEnd = [...reach(name)].some((to) => states[to]!.kind === 'terminal');
    return state.kind === 'terminal' || canEnd ? [] : [`"${name}" can never end`];
  });
}
