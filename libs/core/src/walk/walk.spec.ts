import { expect, it } from 'vitest';
import { explore } from './explore.js';
const CAPS = ['source.changedBlocks', 'source.power', 'target.volumeSnapshots', 'target.zeroedVolumes'];
it('walks', () => {
  const started = performance.now();
  for (let mask = 0; mask < 16; mask++) {
    const w = explore(new Set(CAPS.filter((_, i) => (mask >> i) & 1)));
    console.log(
      mask,
      w.nodes,
      performance.now() - started,
      [...w.breaches].map(([r, p]) => r + '\n   ' + p.join('\n   ')).join('\n'),
    );
    if (w.breaches.size) break;
  }
  expect(1).toBe(1);
}, 100000);
