import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Backoff } from './backoff.js';
import type { TunnelHealthState } from './tunnel-health.js';
import { TunnelWatch } from './tunnel-watch.js';

let answer: () => Promise<number>;
let probes: number;
let restarts: string[];
let told: string[];
let states: TunnelHealthState[];
let copying: boolean;
let watch: TunnelWatch;

const refused = async () => {
  throw new MigrationError('tunnel.down', 'The VMA cannot be reached.', {
    cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
  });
};
const well = async () => 3;
/** Lets the clock run, and what is due happen. */
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  [answer, probes, restarts, told, states, copying] = [well, 0, [], [], [], false];
  watch = new TunnelWatch({
    name: 'The tunnel to vma_1',
    direction: 'to-vma',
    rates: { probeSeconds: 60, copyProbeSeconds: 15 },
    probe: () => {
      probes += 1;
      return answer();
    },
    restart: (why) => restarts.push(why),
    isCopying: () => copying,
    facts: () => ({ connections: '4, 5', bytes: 1234 }),
    onChange: ({ state }) => states.push(state),
    log: { warn: (message) => told.push(message) },
    backoff: new Backoff(15_000, 300_000, () => 1),
  });
});
afterEach(async () => {
  await watch.stop();
  vi.useRealTimers();
});

it('tries a new connection at once, then once a minute, and four times as often while a copy runs', async () => {
  watch.observe({ type: 'connected', link: 'all' });
  await pass(0);
  expect(probes).toBe(1);
  await pass(59);
  expect(probes).toBe(1);
  await pass(1);
  expect(probes).toBe(2);
  copying = true;
  await pass(60);
  expect(probes).toBe(6);
  copying = false;
  await pass(59);
  expect(probes).toBe(6);
});

it('does not ask who is not there', async () => {
  await watch.probeNow();
  watch.observe({ type: 'connected', link: 'all' });
  watch.observe({ type: 'disconnected', why: 'lost' });
  await pass(600);
  expect(probes).toBe(0);
});

it('asks again soon after a miss, and forces a restart after three, with the whole story in one line', async () => {
  watch.observe({ type: 'connected', link: 'all' });
  await pass(0);
  answer = refused;
  await pass(60);
  expect(states).toEqual(['up', 'degraded']);
  await pass(9);
  expect(restarts).toEqual([]);
  await pass(1);
  expect(states).toEqual(['up', 'degraded', 'half-open']);
  expect(restarts).toEqual(['It did not answer: tunnel.down ECONNREFUSED: The VMA cannot be reached.']);
  const story = told.find((line) => line.includes('is cut'))!;
  expect(story).not.toContain('\n');
  for (const part of [
    'restart 1',
    'half-open since',
    'answered after 3 ms',
    'ECONNREFUSED',
    'round trips before: 3 ms',
    'connections 4, 5',
    'bytes 1234',
    'no other restart for 15 s',
  ])
    expect(story).toContain(part);
});

it('waits ever longer between restarts that do not help, and never gives up', async () => {
  answer = refused;
  watch.observe({ type: 'connected', link: 'all' });
  await pass(3_600);
  const many = restarts.length;
  expect(many).toBeGreaterThan(8);
  expect(many).toBeLessThan(24);
  await pass(3_600);
  // the cap: once in five minutes
  expect(restarts.length - many).toBeGreaterThanOrEqual(11);
  expect(restarts.length - many).toBeLessThanOrEqual(12);
  answer = well;
  await pass(10);
  expect(watch.health.state).toBe('up');
  answer = refused;
  await pass(60 + 10);
  expect(restarts.length).toBeGreaterThan(many + 11);
});

it('takes silence for a miss, also of a probe that takes no notice of its signal', async () => {
  answer = () => new Promise(() => undefined);
  watch.observe({ type: 'connected', link: 'all' });
  await pass(10);
  expect(watch.health).toMatchObject({ state: 'degraded', answers: { 'to-vma': 'missed-once' } });
  await pass(30);
  expect(restarts).toHaveLength(1);
});

it('does not hold a probe against a tunnel that ended meanwhile', async () => {
  let fail: (error: Error) => void = () => undefined;
  answer = () => new Promise((_, reject) => (fail = reject));
  watch.observe({ type: 'connected', link: 'all' });
  await pass(0);
  watch.observe({ type: 'disconnected', why: 'lost' });
  fail(new Error('late'));
  await pass(0);
  expect(watch.health.lastFailure?.why).toBe('lost');
  expect(watch.failuresInARow).toBe(0);
});

it('shows what the other side says of its direction, and leaves restarting to it', async () => {
  watch.observe({ type: 'connected', link: 'all' });
  for (let miss = 0; miss < 5; miss += 1)
    watch.observe({ type: 'probe-failed', direction: 'to-oma', why: 'x' });
  expect(watch.health).toMatchObject({ state: 'half-open', direction: 'to-oma' });
  await pass(60);
  expect(restarts).toEqual([]);
});
