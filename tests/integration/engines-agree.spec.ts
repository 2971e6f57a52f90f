import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  CLUSTER_BYTES,
  DEFAULT_LIMITS,
  ReferenceEngine,
  type CopyEngine,
  type CopyRequest,
  type CopyResult,
} from '@ossea/copy-engine';
import { fillGarbage, makeDisk, readJournalFile, sorted } from '../../native/nbd/test/disks.js';
import { copyRequest, nativeEngine, never } from '../../native/nbd/test/engine.js';
import { NbdServers } from '../../native/nbd/test/nbd-servers.js';

/*
 * The slow and obvious engine defines what a copy does; the native one must do the same. Both copy the same
 * random disk onto the same garbage: equal target bytes, equal journal, equal digests, equal counts.
 */
const engines: readonly CopyEngine[] = [new ReferenceEngine(), nativeEngine()];
const RUNS = 30;
const SEED = 20_260;
let servers: NbdServers;

beforeEach(() => {
  servers = new NbdServers(spawn);
});
afterEach(() => servers.stop());

const sectors = fc.integer({ min: 1, max: (6 << 20) / 512 });
const ranges = fc.array(fc.record({ at: fc.nat({ max: 999 }), sectors: fc.integer({ min: 0, max: 700 }) }), {
  maxLength: 12,
});
const disk = fc.record({
  seed: fc.nat(),
  sectors,
  hole: fc.integer({ min: 0, max: 3 }),
  zero: fc.integer({ min: 0, max: 3 }),
  data: fc.integer({ min: 1, max: 3 }),
  ranges,
  kind: fc.constantFrom<('full' | 'changed')[]>('full', 'changed'),
  /** The target tells that it cannot write zeroes, or the source that it knows no extents. */
  servers: fc.constantFrom<('able' | 'nozero' | 'noextents')[]>('able', 'nozero', 'noextents'),
  connections: fc.integer({ min: 1, max: 3 }),
  requestClusters: fc.integer({ min: 1, max: 16 }),
});
type Disk = typeof disk extends fc.Arbitrary<infer T> ? T : never;

function workOf(given: Disk, sizeBytes: number): CopyRequest['work'] {
  if (given.kind === 'full') return { kind: 'full', targetIsZero: false };
  return {
    kind: 'changed',
    ranges: given.ranges.map((range) => {
      const offset = Math.floor((range.at / 1000) * given.sectors) * 512;
      return { offset, length: Math.min(range.sectors * 512, sizeBytes - offset) };
    }),
  };
}

it('both engines do the same to random disks', async () => {
  await fc.assert(
    fc.asyncProperty(disk, async (given) => {
      const sizeBytes = given.sectors * 512;
      const share = given.hole + given.zero + given.data;
      makeDisk(servers.path('src'), sizeBytes, given.seed, {
        hole: given.hole / share,
        zero: given.zero / share,
        data: given.data / share,
      });
      const blind = given.servers === 'noextents' ? ['--filter=noextents'] : [];
      const plain = given.servers === 'nozero' ? ['--filter=nozero'] : [];
      const source = await servers.file(servers.path('src'), ['-r', ...blind]);
      const seen = [];
      for (const engine of engines) {
        fillGarbage(servers.path('dst'), sizeBytes);
        const target = await servers.file(servers.path('dst'), plain);
        const journal = servers.path('journal');
        const request = copyRequest({ source, target }, sizeBytes, journal, {
          work: workOf(given, sizeBytes),
          journalIdentity: engine.name,
          limits: {
            connections: given.connections,
            requestBytes: given.requestClusters * CLUSTER_BYTES,
            checkpointBytes: 1 << 20,
          },
        });
        const result = await engine.copy(request, { signal: never });
        const { finished } = readJournalFile(journal);
        // a second try finds nothing left to do
        const again = await engine.copy(request, { signal: never });
        const digest = await engine.digest(
          { source: target.address, sizeBytes, limits: DEFAULT_LIMITS },
          { signal: never },
        );
        seen.push({
          bytes: readFileSync(servers.path('dst')).toString('latin1'),
          finished: sorted(finished),
          counts: counts(result),
          again: counts(again),
          digests: [...digest.digests],
        });
        await target.kill('SIGTERM');
      }
      await source.kill('SIGTERM');
      // compared without a difference of megabytes in the report
      const [expected, found] = seen;
      expect(found?.bytes === expected?.bytes).toBe(true);
      expect({ ...found, bytes: '' }).toEqual({ ...expected, bytes: '' });
    }),
    { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 150_000 },
  );
});

function counts({ bytesTotal, bytesDone, bytesMoved, bytesZeroed, bytesResumed }: CopyResult): object {
  return { bytesTotal, bytesDone, bytesMoved, bytesZeroed, bytesResumed };
}

it('each engine continues what the other one began', async () => {
  const sizeBytes = 32 << 20;
  const content = makeDisk(servers.path('src'), sizeBytes, 7, { hole: 0, zero: 0.1, data: 0.9 });
  for (const [first, second] of [engines, [...engines].reverse()] as CopyEngine[][]) {
    if (!first || !second) throw new Error('two engines');
    fillGarbage(servers.path('dst'), sizeBytes);
    // slow until the copy has been ended: however late its progress is told, it is not over by then
    const rate = servers.path('rate');
    writeFileSync(rate, '40M');
    const serve = async () => ({
      source: await servers.file(servers.path('src'), ['-r']),
      target: await servers.nbdkit([
        ...['--filter=rate', 'file', servers.path('dst'), 'rate=40M', `rate-file=${rate}`, 'burstiness=0.05'],
      ]),
    });
    const requestTo = (between: Awaited<ReturnType<typeof serve>>) =>
      copyRequest(between, sizeBytes, servers.path('journal'), {
        journalIdentity: `begun by ${first.name}`,
        limits: { checkpointBytes: 1 << 20 },
      });
    const before = await serve();
    const abort = new AbortController();
    const begun = first.copy(requestTo(before), {
      signal: abort.signal,
      onProgress: ({ bytesMoved }) => {
        if (bytesMoved > 6 << 20) abort.abort();
      },
    });
    await expect(begun).rejects.toMatchObject({ code: 'call.aborted' });
    writeFileSync(rate, '10G');
    const { finished } = readJournalFile(servers.path('journal'));
    expect(finished.size).toBeGreaterThan(0);
    // nbdkit 1.32 may abort when its client leaves in the middle of an answer: the second copy has servers of its own
    for (const server of [before.source, before.target]) await server.kill('SIGKILL');
    const after = await serve();
    const result = await second.copy(requestTo(after), { signal: never });
    expect(result.bytesResumed).toBe(finished.size * CLUSTER_BYTES);
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
    for (const server of [after.source, after.target]) await server.kill('SIGTERM');
  }
});
