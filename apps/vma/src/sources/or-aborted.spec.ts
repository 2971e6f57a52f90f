import { expect, it } from 'vitest';
import { orAborted } from './or-aborted.js';

const aborted = { code: 'call.aborted' };

it('gives what the call gives, and throws what it throws', async () => {
  const { signal } = new AbortController();
  expect(await orAborted(signal, Promise.resolve(1))).toBe(1);
  await expect(orAborted(signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
});

it('does not wait for a deaf call, and gives back what it brings too late', async () => {
  const stop = new AbortController();
  const late: string[] = [];
  let answer: (value: string) => void = () => undefined;
  const call = new Promise<string>((resolve) => (answer = resolve));
  const running = orAborted(stop.signal, call, (value) => late.push(value));
  stop.abort();
  await expect(running).rejects.toMatchObject(aborted);
  answer('lease');
  await call;
  expect(late).toEqual(['lease']);
});

it('is aborted at once with a signal that has fired, whatever the call does later', async () => {
  const failing = new Promise<never>((_resolve, reject) => setImmediate(() => reject(new Error('later'))));
  await expect(orAborted(AbortSignal.abort(), failing)).rejects.toMatchObject(aborted);
  await failing.catch(() => undefined);
});
