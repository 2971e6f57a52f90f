import { setTimeout as delay } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { withDeadline } from './deadline.js';

const never = new AbortController().signal;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('work with a deadline', () => {
  it('is told when the time is over, also where nobody holds the signal and garbage is collected', async () => {
    const over = await withDeadline(never, 100, async ({ signal, isOver }) => {
      for (let round = 0; round < 400 && !signal.aborted; round += 1) {
        await delay(5);
        collectGarbage();
      }
      return isOver();
    });
    expect(over).toBe(true);
  });

  it('is told of the signal it was given, with its reason, before and during the work', async () => {
    const reason = new Error('stop');
    await withDeadline(AbortSignal.abort(reason), 60_000, ({ signal, isOver }) => {
      expect([signal.aborted, signal.reason, isOver()]).toEqual([true, reason, false]);
      return Promise.resolve();
    });
    const stop = new AbortController();
    await withDeadline(stop.signal, 60_000, ({ signal }) => {
      stop.abort(reason);
      expect([signal.aborted, signal.reason]).toEqual([true, reason]);
      return Promise.resolve();
    });
  });

  it('gives what the work gives, and leaves no timer that keeps a process alive', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    expect(await withDeadline(never, 60_000, () => Promise.resolve(7))).toBe(7);
    await expect(withDeadline(never, 60_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBe(before);
  });
});
