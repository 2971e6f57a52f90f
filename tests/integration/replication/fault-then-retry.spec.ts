import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { ReplicationBench } from './replication-bench.js';

it('rests as faulted with cause and remedy, loses nothing, and goes on from there when asked again', async () => {
  await using bench = await ReplicationBench.start();
  await bench.cycle();
  const sealed = await bench.volumeHashes();
  bench.source.write('vda', 0, Buffer.alloc(70_000, 1));
  bench.source.faults.set('create', [new MigrationError('auth.rejected', 'The password is wrong.')]);
  const failed = await bench.cycle();
  expect(failed.state).toBe('failed');
  expect(failed.problem).toMatchObject({
    code: 'auth.rejected',
    cause: 'The password is wrong.',
    remedy: 'Check the account and its password.',
    context: { step: 'take-snapshot' },
  });
  expect(await bench.context()).toMatchObject({ state: 'faulted', origin: 'replicating' });
  expect(await bench.volumeHashes()).toEqual(sealed);

  const again = await bench.cycle();
  expect(again.problem).toBeUndefined();
  expect(again.result).toMatchObject({ state: 'in-sync', cycle: { kind: 'incremental', sequence: 2 } });
  expect(await bench.volumeHashes()).toEqual(bench.sourceHashes());
});
