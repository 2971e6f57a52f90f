import { afterAll, beforeAll, expect, it } from 'vitest';
import { FuzzRun } from './fuzz-run.js';

/** `cases:seed`; `npm run fuzz` gives more of both. */
const [cases = 1_200, seed = 20_261_125] = (process.env['OSSEA_FUZZ'] ?? '')
  .split(':')
  .filter(Boolean)
  .map(Number);

let run: FuzzRun;
beforeAll(async () => {
  run = await FuzzRun.start();
});
afterAll(() => run[Symbol.asyncDispose]());

it(
  `answers ${cases} generated requests (seed ${seed}) with sense, and never with a failure of its own`,
  { timeout: 3_600_000 },
  async () => {
    await run.run(cases, seed);
    expect(run.findings.slice(0, 10)).toEqual([]);
    const count = (from: number, to: number) =>
      [...run.statuses]
        .filter(([status]) => status >= from && status < to)
        .reduce((sum, [, n]) => sum + n, 0);
    console.log(
      `statuses: ${JSON.stringify(Object.fromEntries([...run.statuses].sort(([a], [b]) => a - b)))}`,
    );
    // generated requests that never get through the door would prove nothing
    expect(count(200, 300)).toBeGreaterThan(cases / 20);
    expect(count(400, 500)).toBeGreaterThan(cases / 5);
  },
);
