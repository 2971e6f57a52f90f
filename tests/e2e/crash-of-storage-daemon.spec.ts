import { it } from 'vitest';
import { crashInMidCopy } from './crash-in-mid-copy.js';

it('finishes a cycle in whose middle the storage daemon is killed, without reading again what was finished', () =>
  crashInMidCopy(0.33, async ({ held }) => {
    process.kill(held.daemonPid, 'SIGKILL');
  }));
