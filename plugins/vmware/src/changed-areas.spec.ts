import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changedAreas, type ChangedAreasPage } from './changed-areas.js';

const CAPACITY = 1 << 20;
const collect = async (query: (offset: number) => ChangedAreasPage, capacity = CAPACITY) => {
  const found = [];
  for await (const extent of changedAreas(capacity, async (offset) => query(offset))) found.push(extent);
  return found;
};
const resets = { code: 'tracking.reset' };

/** A host that answers for a stretch of its own choosing, with the areas that begin in it. */
function host(areas: readonly { start: number; length: number }[], stretch: () => number, asked: number[]) {
  return (offset: number): ChangedAreasPage => {
    if (offset >= CAPACITY) throw new Error('InvalidArgument: startOffset');
    asked.push(offset);
    const end = Math.min(CAPACITY, offset + stretch());
    const told = areas
      .filter(({ start, length }) => start < end && start + length > offset)
      .map(({ start, length }) => ({ start, length }));
    return { startOffset: offset, length: end - offset, changedArea: told };
  };
}

it('covers exactly what changed, sorted and merged, however the answers are cut', async () => {
  const area = fc.record({ start: fc.nat(CAPACITY - 1), length: fc.integer({ min: 1, max: 90_000 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(area, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 }),
      async (areas, stretches) => {
        let turn = 0;
        const asked: number[] = [];
        const stretch = () => stretches[turn++ % stretches.length]! + 20_000;
        const found = await collect(host(areas, stretch, asked));
        const wanted = new Uint8Array(CAPACITY);
        for (const { start, length } of areas) wanted.fill(1, start, Math.min(CAPACITY, start + length));
        const told = new Uint8Array(CAPACITY);
        let end = -1;
        for (const { offset, length } of found) {
          expect(offset).toBeGreaterThan(end);
          end = offset + length;
          told.fill(1, offset, end);
        }
        expect(end).toBeLessThanOrEqual(CAPACITY);
        expect(Buffer.compare(told, wanted)).toBe(0);
        expect(asked).toEqual([...new Set(asked)].toSorted((a, b) => a - b));
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});

it('goes on behind an answer without areas, and never asks at the end of the disk', async () => {
  const asked: number[] = [];
  const found = await collect(host([{ start: CAPACITY - 512, length: 512 }], () => 1 << 18, asked));
  expect(found).toEqual([{ offset: CAPACITY - 512, length: 512 }]);
  expect(asked).toEqual([0, 1 << 18, 2 << 18, 3 << 18]);
});

it.each<[string, (offset: number) => ChangedAreasPage]>([
  ['that does not move on', () => ({ startOffset: 0, length: 0 })],
  ['that steps back', (offset) => ({ startOffset: 0, length: offset === 0 ? 4096 : 512 })],
  ['that leaves a gap', (offset) => ({ startOffset: offset + 4096, length: 4096 })],
  [
    'with a negative length',
    () => ({ startOffset: 0, length: CAPACITY, changedArea: [{ start: 0, length: -1 }] }),
  ],
  [
    'with an area beyond it',
    () => ({ startOffset: 0, length: 4096, changedArea: [{ start: 8192, length: 1 }] }),
  ],
])('is tracking.reset after an answer %s', async (_how, query) => {
  await expect(collect(query)).rejects.toMatchObject(resets);
});

it('cuts areas at the end of the disk', async () => {
  const page = { startOffset: 0, length: CAPACITY, changedArea: [{ start: CAPACITY - 10, length: 100 }] };
  expect(await collect(() => page)).toEqual([{ offset: CAPACITY - 10, length: 10 }]);
});
