import type { CopyEvent } from '@ossea/agent-protocol';
import type { CopyProgress } from '@ossea/copy-engine';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { copyEvents, type Watched } from './copy-events.js';

class WatchedCopy implements Watched {
  progress: CopyProgress | undefined;
  end: CopyEvent | undefined;
  readonly listeners = new Set<() => void>();

  listen(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  measure(bytesDone: number): void {
    this.progress = { bytesTotal: 1_000, bytesDone, bytesMoved: bytesDone, bytesZeroed: 0 };
    for (const changed of this.listeners) changed();
  }

  finish(end: CopyEvent): void {
    this.end = end;
    for (const changed of this.listeners) changed();
  }
}

const END: CopyEvent = { problem: { code: 'nbd.connection-lost' } };
let copy: WatchedCopy;
let seen: unknown[];
let stop: AbortController;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  copy = new WatchedCopy();
  seen = [];
  stop = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Bytes done, `ping` or `end`, as they come. */
async function watch(): Promise<void> {
  for await (const event of copyEvents(copy, stop.signal)) {
    if ('progress' in event) seen.push(event.progress.bytesDone);
    else seen.push('ping' in event ? 'ping' : 'end');
  }
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('tells a late listener of an ended copy what is known, at once', async () => {
  copy.measure(7);
  copy.finish(END);
  await watch();
  expect(seen).toEqual([7, 'end']);
  expect(copy.listeners.size).toBe(0);
});

it('tells four measurements a second, always the latest', async () => {
  const watching = watch();
  for (let done = 1; done <= 40; done += 1) {
    copy.measure(done);
    await pass(50);
  }
  // two seconds: the first at once, then one every 250 ms
  expect(seen.length).toBeGreaterThanOrEqual(8);
  expect(seen.length).toBeLessThanOrEqual(9);
  copy.measure(41);
  copy.finish(END);
  await pass(0);
  await watching;
  expect(seen.slice(-2)).toEqual([41, 'end']);
});

it('shows every five seconds that somebody is there, also beside measurements', async () => {
  const watching = watch();
  await pass(15_100);
  expect(seen).toEqual(['ping', 'ping', 'ping']);
  for (let done = 1; done <= 51; done += 1) {
    copy.measure(done);
    await pass(100);
  }
  expect(seen.filter((one) => one === 'ping')).toHaveLength(4);
  copy.finish(END);
  await watching;
});

it('ends without an end when nobody listens any more', async () => {
  const watching = watch();
  await pass(10);
  stop.abort();
  await watching;
  expect(seen).toEqual([]);
  expect(copy.listeners.size).toBe(0);
});
