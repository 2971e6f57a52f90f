import { describe, expect, it } from 'vitest';
import { CONTEXT_MACHINE } from './context-machine.js';
import {
  findFlaws,
  nextOrigin,
  nextState,
  possibleEvents,
  type MachineDefinition,
  type StateDefinition,
} from './machine.js';
import { TEST_FAILOVER_MACHINE } from './test-failover-machine.js';

const SOUND: MachineDefinition = {
  initial: 'idle',
  states: {
    idle: { kind: 'resting', on: { go: 'busy' } },
    busy: { kind: 'working', on: { succeeded: '@rest', faulted: 'broken' } },
    broken: { kind: 'resting', on: { retry: '@origin', 'give-up': { busy: 'over' } } },
    over: { kind: 'terminal', on: {} },
  },
  rest: [{ state: 'over', whenKnown: 'result' }, { state: 'idle' }],
};
const withState = (name: string, state: StateDefinition, more: Partial<MachineDefinition> = {}) => ({
  ...SOUND,
  ...more,
  states: { ...SOUND.states, [name]: state },
});

describe('findFlaws', () => {
  it('finds none in the machines of the product', () => {
    expect(findFlaws(SOUND)).toEqual([]);
    expect(findFlaws(CONTEXT_MACHINE)).toEqual([]);
    expect(findFlaws(TEST_FAILOVER_MACHINE)).toEqual([]);
  });

  const restless: MachineDefinition = { initial: SOUND.initial, states: SOUND.states };
  const FLAWS: readonly (readonly [string, MachineDefinition])[] = [
    ['initial state "nowhere" is not defined', { ...SOUND, initial: 'nowhere' }],
    ['"@rest" may mean nothing', { ...SOUND, rest: [{ state: 'over', whenKnown: 'result' }] }],
    ['"busy" leads to "@rest", which is not defined', restless],
    [
      '"idle" leads to unknown state "nowhere"',
      withState('idle', { kind: 'resting', on: { go: 'busy', stray: 'nowhere' } }),
    ],
    [
      '"broken" names "idle", which never works',
      withState('broken', {
        kind: 'resting',
        on: { retry: '@origin', 'give-up': { busy: 'over', idle: 'over' } },
      }),
    ],
    ['terminal "over" has a way out', withState('over', { kind: 'terminal', on: { again: 'idle' } })],
    [
      '"shelf" is a dead end but not terminal',
      {
        ...withState('shelf', { kind: 'resting', on: {} }),
        rest: [{ state: 'shelf', whenKnown: 'result' }, { state: 'idle' }],
      },
    ],
    [
      'working "busy" does not handle "succeeded"',
      withState('busy', { kind: 'working', on: { faulted: 'broken', done: 'over' } }),
    ],
    [
      'working "busy" does not handle "faulted"',
      withState('busy', { kind: 'working', on: { succeeded: 'over' } }),
    ],
    ['"attic" can never be reached', withState('attic', { kind: 'resting', on: { go: 'busy' } })],
    [
      '"trap" can never end',
      {
        ...SOUND,
        states: {
          ...SOUND.states,
          idle: { kind: 'resting', on: { go: 'busy', fall: 'trap' } },
          trap: { kind: 'resting', on: { turn: 'trap' } },
        },
      },
    ],
  ];

  it.each(FLAWS)('says: %s', (flaw, machine) => {
    expect(findFlaws(machine)).toContain(flaw);
  });
});

describe('nextState', () => {
  const at = (state: string, origin?: string, known: string[] = []) => ({
    state,
    origin,
    known: new Set(known),
  });

  it('follows a named target, and takes no event that a state does not have', () => {
    expect(nextState(SOUND, at('idle'), 'go')).toBe('busy');
    expect(nextState(SOUND, at('idle'), 'retry')).toBeUndefined();
    expect(nextState(SOUND, at('nowhere'), 'go')).toBeUndefined();
  });

  it('returns to where it faulted, or nowhere when it never did', () => {
    expect(nextState(SOUND, at('broken', 'busy'), 'retry')).toBe('busy');
    expect(nextState(SOUND, at('broken'), 'retry')).toBeUndefined();
  });

  it('takes the target of the origin, and none for another origin', () => {
    expect(nextState(SOUND, at('broken', 'busy'), 'give-up')).toBe('over');
    expect(nextState(SOUND, at('broken', 'idle'), 'give-up')).toBeUndefined();
    expect(nextState(SOUND, at('broken'), 'give-up')).toBeUndefined();
  });

  it('rests where what is known allows', () => {
    expect(nextState(SOUND, at('busy'), 'succeeded')).toBe('idle');
    expect(nextState(SOUND, at('busy', undefined, ['result']), 'succeeded')).toBe('over');
  });

  it('brings a cancelled cycle back to in-sync only where a recovery point stands', () => {
    expect(nextState(CONTEXT_MACHINE, at('cancelling', undefined, ['recoveryPoint']), 'succeeded')).toBe(
      'in-sync',
    );
    expect(nextState(CONTEXT_MACHINE, at('cancelling'), 'succeeded')).toBe('managed');
  });
});

describe('nextOrigin', () => {
  const at = (state: string, origin?: string) => ({ state, origin, known: new Set<string>() });

  it('remembers the working state that faulted', () => {
    expect(nextOrigin(SOUND, at('busy'), 'broken')).toBe('busy');
    expect(nextOrigin(CONTEXT_MACHINE, at('unwinding'), 'needs-attention')).toBe('unwinding');
  });

  it('forgets it with every other event', () => {
    expect(nextOrigin(SOUND, at('busy'), 'over')).toBeUndefined();
    expect(nextOrigin(SOUND, at('broken', 'busy'), 'busy')).toBeUndefined();
    expect(nextOrigin(CONTEXT_MACHINE, at('replicating'), 'in-sync')).toBeUndefined();
  });
});

describe('possibleEvents', () => {
  it('names what a position takes, by where it faulted', () => {
    const known = new Set<string>();
    const of = (origin: string) => possibleEvents(CONTEXT_MACHINE, { state: 'faulted', origin, known });
    expect(of('replicating')).toEqual(['retry', 'cancel', 'release']);
    expect(of('cutting-over')).toEqual(['retry', 'cancel', 'roll-back']);
    expect(possibleEvents(CONTEXT_MACHINE, { state: 'migrated', origin: undefined, known })).toEqual([]);
    expect(possibleEvents(CONTEXT_MACHINE, { state: 'nowhere', origin: undefined, known })).toEqual([]);
  });
});
