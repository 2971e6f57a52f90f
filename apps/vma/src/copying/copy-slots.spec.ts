import { expect, it } from 'vitest';
import { CopySlots } from './copy-slots.js';

const calm = () => new AbortController().signal;

it('serves who came first, as many at once as there are places', async () => {
  const slots = new CopySlots(2);
  const served: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map(async (n) => {
    ends[n] = await slots.take(calm());
    served.push(n);
  });
  await Promise.all(all.slice(0, 2));
  expect(served).toEqual([0, 1]);
  ends[1]?.();
  // giving back twice frees one place, not two
  ends[1]?.();
  await all[2];
  expect(served).toEqual([0, 1, 2]);
  ends[0]?.();
  await all[3];
  expect(served).toEqual([0, 1, 2, 3]);
});

it('lets go of those who do not wait any longer', async () => {
  const slots = new CopySlots(1);
  const end = await slots.take(calm());
  const impatient = new AbortController();
  const given = slots.take(impatient.signal);
  const patient = slots.take(calm());
  impatient.abort();
  await expect(given).rejects.toMatchObject({ code: 'call.aborted' });
  await expect(slots.take(AbortSignal.abort())).rejects.toMatchObject({ code: 'call.aborted' });
  end();
  (await patient)();
  (await slots.take(calm()))();
});
