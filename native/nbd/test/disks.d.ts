import { type Journal } from '@ossea/copy-engine';
export declare const MIB: number;
/** The same numbers for the same seed (mulberry32). */
export declare function seeded(seed: number): () => number;
export type Kind = 'hole' | 'zero' | 'data';
/**
 * Writes a sparse file of holes, written zeroes and data in runs of sectors, and gives its content.
 * @param share how much of each kind, in parts of one.
 */
export declare function makeDisk(path: string, sizeBytes: number, seed: number, share?: Readonly<Record<Kind, number>>): Buffer;
export declare function fillGarbage(path: string, sizeBytes: number): Buffer;
export declare function readJournalFile(path: string): Journal;
/** Cluster → digest of these bytes, `undefined` for a zero cluster, as a journal has them. */
export declare function clustersOf(content: Buffer): Promise<Map<number, string | undefined>>;
export declare function sorted<V>(map: ReadonlyMap<number, V>): [number, V][];
