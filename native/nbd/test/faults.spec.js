import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLUSTER_BYTES, DEFAULT_LIMITS } from '@ossea/copy-engine';
import { MIB, fillGarbage, makeDisk, readJournalFile } from './disks.js';
import { copyRequest, nativeEngine, never } from './engine.js';
import { NbdServers, until } from './nbd-servers.js';
const SIZE = 16 * MIB;
// parameters of nbdkit's filter `rate`: bits a second of each connection, and seconds of burst
const SLOWLY = ['rate=100M', 'burstiness=0.05'];
const engine = nativeEngine();
let servers;
let journal;
let content;
beforeEach(() => {
    servers = new NbdServers(spawn);
    journal = servers.path('journal');
    content = makeDisk(servers.path('src'), SIZE, 30);
    fillGarbage(servers.path('dst'), SIZE);
});
afterEach(() => servers.stop());
const failing = (file, ...parameters) => [
    '--filter=error',
    'file',
    servers.path(file),
    ...parameters,
];
it.each([
    ['read', 'source', 'error-pread-rate=100%', 'EIO', 'nbd.request-failed', 5],
    ['block-status', 'source', 'error-extents-rate=100%', 'EIO', 'nbd.request-failed', 5],
    ['write', 'target', 'error-pwrite-rate=100%', 'EIO', 'nbd.request-failed', 5],
    ['write-zeroes', 'target', 'error-zero-rate=100%', 'EIO', 'nbd.request-failed', 5],
    ['write', 'target', 'error-pwrite-rate=100%', 'ENOSPC', 'storage.full', 28],
    ['write-zeroes', 'target', 'error-zero-rate=100%', 'ENOSPC', 'storage.full', 28],
    ['write', 'target', 'error-pwrite-rate=100%', 'EPERM', 'nbd.read-only', 1],
    ['read', 'source', 'error-pread-rate=100%', 'EINVAL', 'nbd.request-failed', 22],
])('tells which request failed, where and why: %s at the %s', async (_, end, rate, name, code, errno) => {
    const bad = [rate, `error=${name}`];
    const ends = {
        source: await servers.nbdkit(end === 'source' ? failing('src', ...bad) : ['file', servers.path('src')]),
        target: await servers.nbdkit(end === 'target' ? failing('dst', ...bad) : ['file', servers.path('dst')]),
    };
    await expect(engine.copy(copyRequest(ends, SIZE, journal), { signal: never })).rejects.toMatchObject({
        name: 'MigrationError',
        code,
        context: { end, errno, offset: expect.any(Number) },
    });
});
it('repeats requests that fail now and then', async () => {
    const ends = {
        source: await servers.nbdkit(failing('src', 'error-pread-rate=10%', 'error-extents-rate=10%')),
        target: await servers.nbdkit(failing('dst', 'error-pwrite-rate=10%', 'error-zero-rate=10%')),
    };
    const limits = { attempts: 12, requestBytes: 1 << 17 };
    const result = await engine.copy(copyRequest(ends, SIZE, journal, { limits }), { signal: never });
    expect(result.requestsRetried).toBeGreaterThan(0);
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
});
it('keeps what was finished when the target is full, and goes on once it is not', async () => {
    const full = servers.path('full');
    const ends = {
        source: await servers.nbdkit(['-r', '--filter=rate', 'file', servers.path('src'), ...SLOWLY]),
        target: await servers.nbdkit(failing('dst', 'error=ENOSPC', 'error-pwrite-rate=100%', 'error-zero-rate=100%', `error-file=${full}`)),
    };
    const request = copyRequest(ends, SIZE, journal, { limits: { checkpointBytes: MIB } });
    const copying = engine.copy(request, {
        signal: never,
        onProgress: ({ bytesMoved }) => {
            if (bytesMoved > 0 && !existsSync(full))
                writeFileSync(full, '');
        },
    });
    await expect(copying).rejects.toMatchObject({ code: 'storage.full', context: { end: 'target' } });
    const kept = readJournalFile(journal).finished;
    expect(kept.size).toBeGreaterThan(0);
    expect(kept.size).toBeLessThan(SIZE / CLUSTER_BYTES);
    rmSync(full);
    const result = await engine.copy(request, { signal: never });
    expect(result).toMatchObject({ bytesDone: SIZE, bytesResumed: kept.size * CLUSTER_BYTES });
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
});
it('never takes a failed flush for a checkpoint, nor repeats it', async () => {
    const flushes = servers.path('flushes');
    const ends = {
        source: await servers.file(servers.path('src'), ['-r']),
        target: await servers.nbdkit([
            'eval',
            `get_size=echo ${SIZE}`,
            'pwrite=cat >/dev/null',
            'zero=exit 0',
            'can_zero=exit 0',
            `flush=echo flush >> ${flushes}; echo EIO >&2; exit 1`,
        ]),
    };
    const limits = { requestBytes: MIB };
    await expect(engine.copy(copyRequest(ends, SIZE, journal, { limits }), { signal: never })).rejects.toMatchObject({ code: 'nbd.request-failed', context: { end: 'target', errno: 5 } });
    expect(readJournalFile(journal)).toMatchObject({ checkpoints: 0 });
    expect(readFileSync(flushes, 'utf8')).toBe('flush\n');
});
it('refuses what it cannot copy safely, before anything is written', async () => {
    const source = await servers.file(servers.path('src'), ['-r']);
    const good = await servers.file(servers.path('dst'));
    const noFlush = await servers.nbdkit(['eval', `get_size=echo ${SIZE}`, 'pwrite=cat >/dev/null']);
    const small = await servers.nbdkit(['memory', '8M']);
    const readOnly = await servers.file(servers.path('dst'), ['-r']);
    const absent = {
        address: { transport: 'nbd-unix', path: servers.path('absent'), exportName: '' },
    };
    const daemon = await servers.storageDaemon(servers.path('dst'), 'raw');
    const unknown = { address: { ...daemon.address, exportName: 'another' } };
    const refusal = (ends, sizeBytes = SIZE) => engine.copy(copyRequest(ends, sizeBytes, journal), { signal: never }).then(() => 'copied', (error) => error);
    const cases = [
        [refusal({ source, target: noFlush }), 'nbd.no-flush', 'target'],
        [refusal({ source, target: small }), 'disk.size-mismatch', 'target'],
        [refusal({ source: small, target: good }), 'disk.size-mismatch', 'source'],
        [refusal({ source, target: good }, SIZE - 512), 'disk.size-mismatch', 'source'],
        [refusal({ source, target: good }, 0), 'disk.size-invalid', undefined],
        [refusal({ source, target: good }, 513), 'disk.size-invalid', undefined],
        [refusal({ source, target: readOnly }), 'nbd.read-only', 'target'],
        [refusal({ source, target: unknown }), 'nbd.export-missing', 'target'],
        [refusal({ source: absent, target: good }), 'nbd.connection-lost', 'source'],
    ];
    for (const [refused, code, end] of cases) {
        expect(await refused).toMatchObject({ code, context: end === undefined ? {} : { end } });
    }
    expect(existsSync(journal)).toBe(false);
    expect(readFileSync(servers.path('dst')).equals(Buffer.alloc(SIZE, 0xa5))).toBe(true);
});
it('tells when the journal cannot be written', async () => {
    const ends = {
        source: await servers.file(servers.path('src')),
        target: await servers.file(servers.path('dst')),
    };
    const request = copyRequest(ends, SIZE, servers.path('no/such/folder'));
    await expect(engine.copy(request, { signal: never })).rejects.toMatchObject({ code: 'storage.io-failed' });
});
it('ends a copy that makes no progress', async () => {
    const ends = {
        source: await servers.nbdkit(['-r', '--filter=rate', 'file', servers.path('src'), ...SLOWLY]),
        target: await servers.file(servers.path('dst')),
    };
    const request = copyRequest(ends, SIZE, journal, { limits: { stallTimeoutMs: 700 } });
    const copying = engine.copy(request, {
        signal: never,
        onProgress: () => ends.target.signal('SIGSTOP'),
    });
    await expect(copying).rejects.toMatchObject({ code: 'copy.stalled' });
});
it('ends a copy whose server never answers the handshake', async () => {
    const path = servers.path('mute');
    const mute = createServer(() => undefined).listen(path);
    await until(() => mute.listening, 'the mute server listens');
    try {
        const digest = engine.digest({
            source: { transport: 'nbd-unix', path, exportName: '' },
            sizeBytes: SIZE,
            limits: { ...DEFAULT_LIMITS, stallTimeoutMs: 500 },
        }, { signal: never });
        await expect(digest).rejects.toMatchObject({ code: 'copy.stalled' });
    }
    finally {
        mute.close();
    }
});
//# sourceMappingURL=faults.spec.js.map