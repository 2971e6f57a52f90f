import { it } from 'vitest';
import { crashInMidCopy } from './crash-in-mid-copy.js';

it('finishes a cycle in whose middle the OMA is killed, without reading again what was finished', () =>
  crashInMidCopy(0.4, async ({ stack, held }) => {
    await stack.oma.kill();
    held.release();
    await stack.startOma();
  }));
