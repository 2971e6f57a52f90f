import { expect, it } from 'vitest';
import { runMatrix } from '../../forwarding-matrix/run-matrix.js';
import { SITES } from '../../forwarding-matrix/sites.js';

const WITHIN_MS = 600_000;

// Invariant S1: from a tunnel identity exactly two things are reachable. `npm run forwarding-matrix` runs the same table.
it.each(Object.entries(SITES))(
  'opens over %s exactly what the table says',
  async (_transport, open) => {
    const { cases, mismatches } = await runMatrix(open);
    expect(mismatches).toEqual([]);
    expect(cases).toBeGreaterThan(250);
  },
  WITHIN_MS,
);
