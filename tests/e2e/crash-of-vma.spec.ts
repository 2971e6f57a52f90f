import { it } from 'vitest';
import { crashInMidCopy } from './crash-in-mid-copy.js';

it('finishes a cycle in whose middle the VMA is killed, without reading again what was finished', () =>
  crashInMidCopy(0.25, async ({ site, held }) => {
    await site.vma.kill();
    held.release();
    await site.vma.start();
  }));
