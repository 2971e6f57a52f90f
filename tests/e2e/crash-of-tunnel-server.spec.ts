import { it } from 'vitest';
import { crashInMidCopy } from './crash-in-mid-copy.js';

it('finishes a cycle in whose middle the tunnel server is killed, without reading again what was finished', () =>
  crashInMidCopy(0.5, async ({ stack, held }) => {
    process.kill(await stack.tunnelServerPid(), 'SIGKILL');
    held.release();
  }));
