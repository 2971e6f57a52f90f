import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createClusterHasher, CLUSTER_BYTES, parseJournal } from '@ossea/copy-engine';
export const MIB = 1 << 20;
/** The same numbers for the same seed (mulberry32). */
export function seeded(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}
/**
 * Writes a sparse file of holes, written zeroes and data in runs of sectors, and gives its content.
 * @param share how much of each kind, in parts of one.
 */
export function makeDisk(path, sizeBytes, seed, share = { hole: 0.3, zero: 0.2, data: 0.5 }) {
    const random = seeded(seed);
    const content = Buffer.alloc(sizeBytes);
    const file = openSync(path, 'w');
    try {
        ftruncateSync(file, sizeBytes);
        for (let at = 0; at < sizeBytes;) {
            const sectors = random() < 0.3 ? 1 + Math.floor(random() * 127) : 128 * (1 + Math.floor(random() * 24));
            const end = Math.min(at + sectors * 512, sizeBytes);
            const dice = random();
            if (dice >= share.hole) {
                const part = content.subarray(at, end);
                if (dice >= share.hole + share.zero)
                    fill(part, random);
                writeSync(file, part, 0, part.length, at);
            }
            at = end;
        }
    }
    finally {
        closeSync(file);
    }
    return content;
}
/** Data that looks random at its beginning, or only at its very end: zeroes are to be found on every byte. */
function fill(part, random) {
    if (random() < 0.2) {
        part[part.length - 1] = 1 + Math.floor(random() * 255);
        return;
    }
    for (let i = 0; i + 4 <= part.length; i += 4)
        part.writeUInt32LE((random() * 4294967296) >>> 0, i);
}
export function fillGarbage(path, sizeBytes) {
    const garbage = Buffer.alloc(sizeBytes, 0xa5);
    writeFileSync(path, garbage);
    return garbage;
}
export function readJournalFile(path) {
    const journal = parseJournal(readFileSync(path));
    if (!journal)
        throw new Error('not a journal');
    return journal;
}
/** Cluster → digest of these bytes, `undefined` for a zero cluster, as a journal has them. */
export async function clustersOf(content) {
    const hash = await createClusterHasher();
    const zeroes = Buffer.alloc(CLUSTER_BYTES);
    const clusters = new Map();
    for (let at = 0; at < content.length; at += CLUSTER_BYTES) {
        const cluster = content.subarray(at, at + CLUSTER_BYTES);
        const zero = cluster.equals(zeroes.subarray(0, cluster.length));
        clusters.set(at / CLUSTER_BYTES, zero ? undefined : hash(cluster));
    }
    return clusters;
}
export function sorted(map) {
    return [...map].sort(([a], [b]) => a - b);
}
//# sourceMappingURL=disks.js.map