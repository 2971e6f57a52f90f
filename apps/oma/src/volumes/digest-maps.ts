import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CLUSTER_BYTES, createClusterHasher, type ClusterHasher, type Journal } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { DIGEST_BYTES, DigestPatch, HEADER_BYTES, patchHeader, patchRecord } from './digest-patch.js';
import { isMissing, syncDirectory } from './durable-files.js';

/*
 * The base: one digest per cluster, up to some recovery point. Little-endian.
 *   header (64 bytes)  "OSSEADM1" · u32 clusterBytes · u32 0 · u64 sequence · zeroes · u32 crc32 of the first 60 bytes
 *   then 16 bytes per cluster; sixteen zero bytes: nothing is known
 */
const BASE_MAGIC = 'OSSEADM1';
const WINDOW_CLUSTERS = 65_536;
/** So many patches are read one over the other before they are merged into the base. */
const PATCHES_KEPT = 16;
const UNKNOWN = Buffer.alloc(DIGEST_BYTES);

export const clustersIn = (sizeBytes: number): number => Math.ceil(sizeBytes / CLUSTER_BYTES);

/** Whether the digest of the cluster at `index` of an answer of `expected` is known. */
export function knownDigest(digests: Buffer, index: number): string | undefined {
  const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  return digest.equals(UNKNOWN) ? undefined : digest.toString('hex');
}

/** What every cluster of a volume was when it was read at the source, per recovery point. */
export class DigestMaps {
  private hasher: Promise<ClusterHasher> | undefined;

  /** @param stateDir the maps lie in `digests/<volume id>` below it. */
  constructor(private readonly stateDir: string) {}

  /** Writes what a cycle copied as the patch of its recovery point. Safe to repeat: the last one counts. */
  async apply(volumeId: string, sequence: number, journal: Journal): Promise<void> {
    const directory = this.directoryOf(volumeId);
    await mkdir(directory, { recursive: true });
    this.hasher ??= createClusterHasher();
    const hash = await this.hasher;
    const zeroes = new Map<number, string>();
    const zeroDigest = (cluster: number): string => {
      const length = Math.min(CLUSTER_BYTES, journal.sizeBytes - cluster * CLUSTER_BYTES);
      const digest = zeroes.get(length) ?? hash(Buffer.alloc(length));
      zeroes.set(length, digest);
      return digest;
    };
    const clusters = Float64Array.from(journal.finished.keys()).sort();
    await writeWhole(this.patchPath(volumeId, sequence), directory, async function* () {
      yield patchHeader(clusters.length);
      for (let at = 0; at < clusters.length; at += WINDOW_CLUSTERS)
        yield Buffer.concat(
          Array.from(clusters.subarray(at, at + WINDOW_CLUSTERS), (cluster) =>
            patchRecord(cluster, journal.finished.get(cluster) ?? zeroDigest(cluster)),
          ),
        );
    });
  }

  /**
   * The digests of `count` clusters as of a recovery point, 16 bytes each; see `knownDigest`.
   * @param upTo sequence of the recovery point.
   */
  async expected(volumeId: string, upTo: number, first: number, count: number): Promise<Buffer> {
    const digests = Buffer.alloc(count * DIGEST_BYTES);
    await this.readBase(volumeId, digests, first);
    for (const sequence of await this.patches(volumeId)) {
      if (sequence > upTo) break;
      await using patch = await DigestPatch.open(this.patchPath(volumeId, sequence));
      await patch.overlay(digests, first);
    }
    return digests;
  }

  /** The patch of one recovery point, if it has not been merged. */
  async patch(volumeId: string, sequence: number): Promise<DigestPatch | undefined> {
    try {
      return await DigestPatch.open(this.patchPath(volumeId, sequence));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * Merges patches into the base when there are many.
   * @param upTo newest recovery point that nobody will go back behind.
   */
  async compact(volumeId: string, upTo: number, sizeBytes: number): Promise<void> {
    const merged = (await this.patches(volumeId)).filter((sequence) => sequence <= upTo);
    if (merged.length <= PATCHES_KEPT) return;
    const directory = this.directoryOf(volumeId);
    const expected = (first: number, count: number) => this.expected(volumeId, upTo, first, count);
    await writeWhole(join(directory, 'base.map'), directory, async function* () {
      yield baseHeader(upTo);
      const total = clustersIn(sizeBytes);
      for (let first = 0; first < total; first += WINDOW_CLUSTERS)
        yield await expected(first, Math.min(WINDOW_CLUSTERS, total - first));
    });
    // the base holds them now; laid over it once more they would change nothing
    for (const sequence of merged) await rm(this.patchPath(volumeId, sequence), { force: true });
  }

  /** Forgets a volume. */
  async drop(volumeId: string): Promise<void> {
    await rm(this.directoryOf(volumeId), { recursive: true, force: true });
  }

  private async patches(volumeId: string): Promise<number[]> {
    try {
      const names = await readdir(this.directoryOf(volumeId));
      return names
        .filter((name) => name.endsWith('.patch'))
        .map((name) => Number.parseInt(name, 10))
        .sort((a, b) => a - b);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  private async readBase(volumeId: string, digests: Buffer, first: number): Promise<void> {
    const path = join(this.directoryOf(volumeId), 'base.map');
    try {
      const file = await open(path, 'r');
      try {
        const header = Buffer.alloc(HEADER_BYTES);
        await file.read(header, 0, HEADER_BYTES, 0);
        if (
          header.toString('latin1', 0, 8) !== BASE_MAGIC ||
          header.readUInt32LE(60) !== crc32(header.subarray(0, 60))
        )
          throw new MigrationError('storage.io-failed', `The digest map "${path}" cannot be read.`);
        await file.read(digests, 0, digests.length, HEADER_BYTES + first * DIGEST_BYTES);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  private directoryOf(volumeId: string): string {
    return join(this.stateDir, 'digests', volumeId);
  }

  private patchPath(volumeId: string, sequence: number): string {
    return join(this.directoryOf(volumeId), `${String(sequence).padStart(10, '0')}.patch`);
  }
}

function baseHeader(sequence: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(BASE_MAGIC, 'latin1');
  header.writeUInt32LE(CLUSTER_BYTES, 8);
  header.writeBigUInt64LE(BigInt(sequence), 16);
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60);
  return header;
}

/** Under its own name only when it is whole and durable. */
async function writeWhole(
  path: string,
  directory: string,
  parts: () => AsyncGenerator<Buffer>,
): Promise<void> {
  const temporary = `${path}.writing`;
  const file = await open(temporary, 'w', 0o600);
  try {
    for await (const part of parts()) await file.writeFile(part);
    await file.sync();
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await file.close();
  await rename(temporary, path);
  await syncDirectory(directory);
}
