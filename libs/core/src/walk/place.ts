import { nextOrigin, nextState, type MachineDefinition } from '../machine/machine.js';
import { chooseStep, legThatMakes, type Situation } from '../steps/choose-step.js';
import { LASTING_FINDINGS } from '../steps/facts.js';
import type { Leg } from '../steps/itineraries.js';
import type { StepDefinition } from '../steps/step-definition.js';
import type { StepTable } from '../steps/steps.js';
import { NameSet } from './name-set.js';

/** The tables that are walked: the product's own, or a mutation of them. */
export interface Tables {
  readonly machine: MachineDefinition;
  readonly steps: StepTable;
  readonly itineraries: Readonly<Record<string, readonly Leg<string>[]>>;
  /** Findings that outlive the run that made them; the product's own unless told. */
  readonly lasting?: readonly string[];
  /** Facts that every run is given at its beginning. */
  readonly given?: readonly string[];
}

/** Everything that the database holds of one subject: all that the engine goes by. */
export interface Place {
  readonly state: string;
  readonly origin: string | undefined;
  /** Index of the first leg that has not ended. */
  readonly leg: number;
  readonly found: NameSet;
  /** Resources with an open ledger row, and those of them whose value is known. */
  readonly rows: NameSet;
  readonly held: NameSet;
}

const NOTHING: readonly string[] = [];

/** The engine's bookkeeping as pure functions: what its store holds after each thing that can happen to a run. */
export class Bookkeeping {
  private readonly lasting: readonly string[];
  private readonly given: readonly string[];

  constructor(
    readonly tables: Tables,
    readonly capabilities: ReadonlySet<string>,
  ) {
    this.lasting = tables.lasting ?? LASTING_FINDINGS;
    this.given = tables.given ?? [];
  }

  first(found: readonly string[]): Place {
    const facts = NameSet.of(found).with(this.given);
    const none = NameSet.none;
    const { initial } = this.tables.machine;
    return { state: initial, origin: undefined, leg: 0, found: facts, rows: none, held: none };
  }

  kind(state: string): 'resting' | 'working' | 'terminal' {
    return this.tables.machine.states[state]!.kind;
  }

  events(state: string): string[] {
    return Object.keys(this.tables.machine.states[state]!.on);
  }

  legs(state: string): readonly Leg<string>[] {
    return this.tables.itineraries[state] ?? [];
  }

  known({ found, held }: Place): NameSet {
    return found.and(held);
  }

  situation(place: Place): Situation {
    return {
      capabilities: this.capabilities,
      known: this.known(place).names,
      ledger: place.rows.names,
    };
  }

  choice(place: Place): ReturnType<typeof chooseStep> {
    const leg = this.legs(place.state)[place.leg];
    if (leg === undefined) return { step: undefined, blocked: false };
    return chooseStep(leg, this.situation(place), this.tables.steps);
  }

  /** Past the legs that are not possible and not needed, in the itinerary of the state, or of the one that faulted. */
  atNextStep(place: Place): Place {
    const legs = this.legs(place.state).length ? this.legs(place.state) : this.legs(place.origin ?? '');
    const situation = this.situation(place);
    let { leg } = place;
    while (leg < legs.length) {
      const { step, blocked } = chooseStep(legs[leg]!, situation, this.tables.steps);
      if (step !== undefined || blocked) break;
      leg += 1;
    }
    return leg === place.leg ? place : { ...place, leg };
  }

  /** Takes an event; `undefined` when the state does not. A retry goes on with its run, all else begins a new one. */
  sent(place: Place, event: string): Place | undefined {
    const { machine } = this.tables;
    const at = { state: place.state, origin: place.origin, known: place.found };
    const state = nextState(machine, at, event);
    if (state === undefined) return undefined;
    const origin = nextOrigin(machine, at, state);
    const sameRun = event === 'retry' || (event === 'faulted' && this.kind(place.state) === 'working');
    if (sameRun) return { ...place, state, origin };
    const found = place.found.keeping(this.lasting).with(this.given);
    return { ...place, state, origin, leg: 0, found };
  }

  begun(place: Place, step: StepDefinition): Place {
    return {
      ...place,
      found: place.found.without(step.invalidates ?? NOTHING),
      rows: place.rows.with(step.acquires ?? NOTHING),
    };
  }

  ended(place: Place, step: StepDefinition): Place {
    const released = step.releases ?? NOTHING;
    return {
      ...place,
      leg: place.leg + 1,
      found: place.found.with(step.produces ?? NOTHING),
      rows: place.rows.without(released),
      held: place.held.with(step.acquires ?? NOTHING).without(released),
    };
  }

  /** A fault with a code of `onFault`: what it drops is not known any more, and the run goes back to where it is made. */
  droppedTo(place: Place, dropped: readonly string[]): Place {
    const back = legThatMakes(dropped, place.leg, this.legs(place.state), this.tables.steps);
    return {
      ...place,
      leg: back ?? place.leg,
      found: place.found.without(dropped),
      held: place.held.without(dropped),
    };
  }
}

export function keyOfPlace({ state, origin, leg, found, rows, held }: Place): string {
  return `${state}|${origin}|${leg}|${found.id}|${rows.id}|${held.id}`;
}
