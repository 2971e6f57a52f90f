import { spawn } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLUSTER_BYTES, DEFAULT_LIMITS, createClusterHasher, } from '@ossea/copy-engine';
import { MIB, clustersOf, fillGarbage, makeDisk, readJournalFile, seeded, sorted } from './disks.js';
import { copyRequest, nativeEngine, never } from './engine.js';
import { NbdServers } from './nbd-servers.js';
// the last cluster is 512 bytes long
const SIZE = 64 * MIB + 512;
const engine = nativeEngine();
let servers;
let journal;
beforeEach(() => {
    servers = new NbdServers(spawn);
    journal = servers.path('journal');
});
afterEach(() => servers.stop());
it.each([
    ['as it is', [], [], {}],
    ['from a source that tells no extents', ['--filter=noextents'], [], {}],
    ['to a target that cannot write zeroes', [], ['--filter=nozero'], {}],
    [
        'over one connection, one small request at a time',
        [],
        [],
        { connections: 1, requestsInFlight: 1, requestBytes: CLUSTER_BYTES },
    ],
    [
        'over four connections with hardly any memory',
        [],
        [],
        { connections: 4, bytesInFlight: 3 * CLUSTER_BYTES },
    ],
    ['to a server without multi-conn', [], ['--filter=multi-conn', 'multi-conn-mode=disable'], {}],
])('copies a full disk onto garbage: %s', async (_, sourceArgs, targetArgs, limits) => {
    const content = makeDisk(servers.path('src'), SIZE, 1);
    fillGarbage(servers.path('dst'), SIZE);
    // nbdkit takes its filters' parameters after the plugin's
    const filters = (args) => args.filter((arg) => arg.startsWith('--'));
    const parameters = (args) => args.filter((arg) => !arg.startsWith('--'));
    const ends = {
        source: await servers.nbdkit([
            '-r',
            ...filters(sourceArgs),
            'file',
            servers.path('src'),
            ...parameters(sourceArgs),
        ]),
        target: await servers.nbdkit([
            ...filters(targetArgs),
            'file',
            servers.path('dst'),
            ...parameters(targetArgs),
        ]),
    };
    const told = [];
    const result = await engine.copy(copyRequest(ends, SIZE, journal, { limits }), {
        signal: never,
        onProgress: (progress) => told.push(progress),
    });
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
    const clusters = await clustersOf(content);
    const moved = sorted(clusters).filter(([, digest]) => digest !== undefined);
    const last = Math.floor(SIZE / CLUSTER_BYTES);
    const movedBytes = moved.length * CLUSTER_BYTES - (clusters.get(last) === undefined ? 0 : CLUSTER_BYTES - 512);
    expect(result).toMatchObject({
        bytesTotal: SIZE,
        bytesDone: SIZE,
        bytesMoved: movedBytes,
        bytesZeroed: SIZE - movedBytes,
        bytesResumed: 0,
        requestsRetried: 0,
    });
    expect(sorted(readJournalFile(journal).finished)).toEqual(sorted(clusters));
    expect(readJournalFile(journal).validBytes).toBe(readFileSync(journal).length);
    for (const [i, { bytesDone, bytesTotal }] of told.entries()) {
        expect(bytesDone).toBeLessThanOrEqual(bytesTotal);
        expect(bytesDone).toBeGreaterThanOrEqual(told[i - 1]?.bytesDone ?? 0);
    }
    expect(told.at(-1)).toMatchObject({ bytesDone: SIZE, bytesTotal: SIZE });
});
it('leaves holes alone on a target that is zero, and journals them all the same', async () => {
    const content = makeDisk(servers.path('src'), SIZE, 2, { hole: 0.6, zero: 0.2, data: 0.2 });
    writeFileSync(servers.path('dst'), '');
    truncateSync(servers.path('dst'), SIZE + 5 * MIB);
    const ends = {
        source: await servers.file(servers.path('src'), ['-r']),
        // every write-zeroes would fail
        target: await servers.nbdkit([
            '--filter=error',
            'file',
            servers.path('dst'),
            'error-zero=EIO',
            'error-zero-rate=100%',
        ]),
    };
    const request = copyRequest(ends, SIZE, journal, { work: { kind: 'full', targetIsZero: true } });
    const result = await engine.copy(request, { signal: never });
    const target = readFileSync(servers.path('dst'));
    expect(target.subarray(0, SIZE).equals(content)).toBe(true);
    expect(target.subarray(SIZE).equals(Buffer.alloc(5 * MIB))).toBe(true);
    expect(result.bytesDone).toBe(result.bytesTotal);
    expect(result.bytesTotal).toBeLessThan(SIZE);
    expect(sorted(readJournalFile(journal).finished)).toEqual(sorted(await clustersOf(content)));
});
it('copies changed ranges, widened to whole clusters, and touches nothing else', async () => {
    const content = makeDisk(servers.path('src'), SIZE, 3);
    const garbage = fillGarbage(servers.path('dst'), SIZE);
    const ends = {
        source: await servers.file(servers.path('src'), ['-r']),
        target: await servers.storageDaemon(servers.path('dst'), 'raw'),
    };
    const random = seeded(4);
    const ranges = Array.from({ length: 60 }, () => ({
        offset: Math.floor((random() * SIZE) / 512) * 512,
        length: 512 * (1 + Math.floor(random() * 300)),
    }));
    ranges.push({ offset: SIZE - 512, length: 512 }, { offset: 5, length: 0 });
    const expected = Buffer.from(garbage);
    const clusters = new Set();
    for (const { offset, length } of ranges) {
        if (length === 0)
            continue;
        const from = Math.floor(offset / CLUSTER_BYTES) * CLUSTER_BYTES;
        const to = Math.min(Math.ceil((offset + length) / CLUSTER_BYTES) * CLUSTER_BYTES, SIZE);
        content.copy(expected, from, from, to);
        for (let at = from; at < to; at += CLUSTER_BYTES)
            clusters.add(at / CLUSTER_BYTES);
    }
    const request = copyRequest(ends, SIZE, journal, { work: { kind: 'changed', ranges } });
    const result = await engine.copy(request, { signal: never });
    await ends.target.kill('SIGTERM');
    expect(readFileSync(servers.path('dst')).equals(expected)).toBe(true);
    const all = await clustersOf(content);
    expect(sorted(readJournalFile(journal).finished)).toEqual(sorted(all).filter(([cluster]) => clusters.has(cluster)));
    expect(result.bytesTotal).toBe(clusters.size * CLUSTER_BYTES - (CLUSTER_BYTES - 512));
});
it('has nothing to do for no changes', async () => {
    makeDisk(servers.path('src'), MIB, 5);
    fillGarbage(servers.path('dst'), MIB);
    const ends = {
        source: await servers.file(servers.path('src')),
        target: await servers.file(servers.path('dst')),
    };
    const request = copyRequest(ends, MIB, journal, { work: { kind: 'changed', ranges: [] } });
    const result = await engine.copy(request, { signal: never });
    expect(result).toMatchObject({ bytesTotal: 0, bytesDone: 0, bytesRead: 0 });
    expect(readJournalFile(journal)).toMatchObject({ checkpoints: 1, sizeBytes: MIB });
});
it('runs several copies at once in one process', async () => {
    const disks = await Promise.all([0, 1, 2].map(async (i) => {
        const size = 16 * MIB;
        const content = makeDisk(servers.path(`src${i}`), size, 10 + i);
        fillGarbage(servers.path(`dst${i}`), size);
        const source = await servers.file(servers.path(`src${i}`), ['-r']);
        const target = await servers.file(servers.path(`dst${i}`));
        return { i, size, content, ends: { source, target } };
    }));
    await Promise.all(disks.map(({ i, size, ends }) => engine.copy(copyRequest(ends, size, servers.path(`journal${i}`)), { signal: never })));
    for (const { i, content } of disks)
        expect(readFileSync(servers.path(`dst${i}`)).equals(content)).toBe(true);
});
it('digests every cluster, also zero ones, of a disk and of parts of it', async () => {
    const content = makeDisk(servers.path('src'), SIZE, 6);
    const { address } = await servers.file(servers.path('src'), ['-r']);
    const hash = await createClusterHasher();
    const expected = [];
    for (let at = 0; at < SIZE; at += CLUSTER_BYTES) {
        expected.push([at / CLUSTER_BYTES, hash(content.subarray(at, at + CLUSTER_BYTES))]);
    }
    const whole = await engine.digest({ source: address, sizeBytes: SIZE, limits: DEFAULT_LIMITS }, { signal: never });
    expect([...whole.digests]).toEqual(expected);
    expect(whole.bytesRead).toBeLessThan(SIZE);
    const ranges = [
        { offset: 3 * CLUSTER_BYTES + 512, length: 512 },
        { offset: SIZE - 1024, length: 1024 },
    ];
    const parts = await engine.digest({ source: address, sizeBytes: SIZE, ranges, limits: DEFAULT_LIMITS }, { signal: never });
    expect([...parts.digests]).toEqual(expected.filter(([cluster]) => [3, 1023, 1024].includes(cluster)));
});
//# sourceMappingURL=copy.spec.js.map