import { expect, it } from 'vitest';
import {
  SLOW_MS,
  STATE_OF,
  TUNNEL_ANSWERS,
  TUNNEL_DIRECTIONS,
  TUNNEL_LINKS,
  healthAfter,
  initialHealth,
  type TunnelHealth,
  type TunnelHealthEvent,
} from './tunnel-health.js';

const at = new Date('2026-11-29T12:00:00Z');
const EVENTS: readonly TunnelHealthEvent[] = [
  { type: 'connected', link: 'some' },
  { type: 'connected', link: 'all' },
  { type: 'disconnected', why: 'The connection was lost.' },
  ...TUNNEL_DIRECTIONS.flatMap((direction): TunnelHealthEvent[] => [
    { type: 'probe-ok', direction, rttMs: 1 },
    { type: 'probe-ok', direction, rttMs: SLOW_MS + 1 },
    { type: 'probe-failed', direction, why: 'ECONNREFUSED' },
    ...TUNNEL_ANSWERS.map((answer) => ({ type: 'reported', direction, answer }) as const),
  ]),
];
const keyOf = ({ link, answers }: TunnelHealth) => `${link} ${answers['to-vma']} ${answers['to-oma']}`;

/** Every situation that any sequence of events leads to. */
function reachable(): Map<string, TunnelHealth> {
  const found = new Map<string, TunnelHealth>();
  const open = [initialHealth(at)];
  for (let health = open.pop(); health; health = open.pop()) {
    if (found.has(keyOf(health))) continue;
    found.set(keyOf(health), health);
    for (const event of EVENTS) open.push(healthAfter(health, event, at));
  }
  return found;
}

const all = reachable();

it('every pair of answers occurs with every link', () => {
  const expected = TUNNEL_LINKS.flatMap((link) =>
    TUNNEL_ANSWERS.flatMap((a) => TUNNEL_ANSWERS.map((b) => `${link} ${a} ${b}`)),
  );
  expect([...all.keys()].sort()).toEqual(expected.sort());
});

it('every situation has the state that its name promises, whatever led there', () => {
  for (const before of all.values())
    for (const event of EVENTS) {
      const { state, link, answers, direction, because } = healthAfter(before, event, at);
      const pair = TUNNEL_DIRECTIONS.map((one) => answers[one]);
      const silent = pair.filter((answer) => answer === 'silent').length;
      const weak = pair.filter((answer) => answer === 'slow' || answer.startsWith('missed')).length;
      const said = `${keyOf(before)}, ${JSON.stringify(event)}`;
      if (link === 'none' || silent === 2) expect(state, said).toBe('down');
      else if (silent === 1) expect(state, said).toBe('half-open');
      else expect(state, said).toBe(weak > 0 || link === 'some' ? 'degraded' : 'up');
      if (state === 'half-open') expect(direction && answers[direction], said).toBe('silent');
      expect(because, said).toMatch(/\.$|^ECONNREFUSED$/);
    }
});

it('three misses in a row make a direction silent, fewer do not, and one answer makes it well', () => {
  for (const direction of TUNNEL_DIRECTIONS) {
    let health = healthAfter(initialHealth(at), { type: 'connected', link: 'all' }, at);
    const states = ['missed-once', 'missed-twice', 'silent', 'silent'].map((answer) => {
      health = healthAfter(health, { type: 'probe-failed', direction, why: 'no answer' }, at);
      expect(health.answers[direction]).toBe(answer);
      return health.state;
    });
    expect(states).toEqual(['degraded', 'degraded', 'half-open', 'half-open']);
    expect(health.lastFailure).toEqual({ at, direction, why: 'no answer' });
    expect(healthAfter(health, { type: 'probe-ok', direction, rttMs: 2 }, at)).toMatchObject({
      state: 'up',
      rttMs: { [direction]: 2 },
    });
  }
});

it('who was silent is on trial after a new connection, and one more miss is enough', () => {
  for (const before of all.values()) {
    if (before.link === 'none' || before.answers['to-oma'] !== 'silent') continue;
    const gone = healthAfter(before, { type: 'disconnected', why: 'cut' }, at);
    const back = healthAfter(gone, { type: 'connected', link: 'all' }, at);
    expect(back.state).toBe('degraded');
    const missed = healthAfter(back, { type: 'probe-failed', direction: 'to-oma', why: 'x' }, at);
    expect(missed.answers['to-oma']).toBe('silent');
  }
});

it('a further connection does not excuse a direction', () => {
  for (const before of all.values())
    if (before.link !== 'none')
      for (const link of ['some', 'all'] as const)
        expect(healthAfter(before, { type: 'connected', link }, at).answers).toEqual(before.answers);
});

it('no state is for good: an answer of both directions over all connections is `up`', () => {
  for (const before of all.values()) {
    const connected = healthAfter(before, { type: 'connected', link: 'all' }, at);
    const answered = TUNNEL_DIRECTIONS.reduce(
      (health, direction) => healthAfter(health, { type: 'probe-ok', direction, rttMs: 1 }, at),
      connected,
    );
    expect(answered.state).toBe('up');
  }
});

it('`since` is when the state began, not when it was last confirmed', () => {
  const later = new Date(at.getTime() + 60_000);
  const up = healthAfter(initialHealth(at), { type: 'connected', link: 'all' }, later);
  expect(up.since).toBe(later);
  const confirmed = healthAfter(up, { type: 'probe-ok', direction: 'to-vma', rttMs: 1 }, new Date());
  expect(confirmed.since).toBe(later);
});

it('the table treats both directions alike', () => {
  const grades = ['fine', 'weak', 'silent'] as const;
  for (const link of TUNNEL_LINKS)
    for (const a of grades) for (const b of grades) expect(STATE_OF[link][a][b]).toBe(STATE_OF[link][b][a]);
});
