import { setTimeout as pause } from 'node:timers/promises';
import type { DividedSite } from './divided-site.js';
import { FAULTS, type Fault } from './faults.js';

/** What the product promises: back within half a minute of the network's return. */
export const PROMISED_MS = 30_000;
/** When a round gives up waiting, so that how far off it was is told, too. */
const GIVE_UP_MS = 120_000;

export interface Round {
  readonly fault: Fault;
  readonly seconds: number;
}

export interface Outcome extends Round {
  readonly backAfterMs: number;
}

/** Rounds as text, `20x10,5x120,1x1200`: so many of so many seconds. */
export function planRounds(text: string, seed: number): Round[] {
  const rounds: Round[] = [];
  const random = generator(seed);
  for (const part of text.split(',')) {
    const [, count = '', seconds = ''] = /^(\d+)x(\d+)$/.exec(part) ?? [];
    if (count === '') throw new Error(`not so many rounds of so many seconds: ${part}`);
    // what is over at once says no more when it is given longer
    const faults = Number(seconds) > 10 ? FAULTS.filter(({ lasts }) => lasts) : FAULTS;
    const order = seed === 0 ? [...faults] : shuffled(faults, random);
    for (let index = 0; index < Number(count); index += 1)
      rounds.push({ fault: order[index % order.length]!, seconds: Number(seconds) });
  }
  return rounds;
}

/** One fault, its end, and how long it took until the tunnel was up again. */
export async function runRound(site: DividedSite, round: Round): Promise<Outcome> {
  const { fault, seconds } = round;
  await fault.begin(site);
  if (fault.lasts) {
    // not a wait for something: the length of the fault is what the round is about
    await pause(seconds * 1_000);
    await fault.end?.(site);
  }
  const backAfterMs = await site.untilUp(GIVE_UP_MS);
  console.log(`${fault.name}${fault.lasts ? `, ${seconds} s` : ''}: back after ${inSeconds(backAfterMs)} s`);
  return { ...round, backAfterMs };
}

/** Least, median and most. */
export function summary(outcomes: readonly Outcome[]): string {
  const times = outcomes.map(({ backAfterMs }) => backAfterMs).sort((a, b) => a - b);
  const [min = 0, median = 0, max = 0] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)];
  return `${times.length} rounds: min ${inSeconds(min)} s, median ${inSeconds(median)} s, max ${inSeconds(max)} s`;
}

const inSeconds = (ms: number): string => (ms / 1_000).toFixed(1);

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]!);
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
