import { readdir, rm } from 'node:fs/promises';
import type { Pool } from './pool.js';

const OURS = /^(s-[0-9a-f]{16}\.[0-9a-f]{8}\.(?:raw|qcow2))(?:\.copying)?$/;

/**
 * Removes snapshot files that nothing needs any more. A removed snapshot's file stays while a volume, or a snapshot
 * of such a volume, reads through to it; whoever goes last lets it go here. Safe to run at any time: a record is
 * always written before the file it names.
 */
export async function removeUnusedSnapshotFiles(pool: Pool): Promise<void> {
  const files = await readdir(pool.snapshots.directory);
  const needed = new Set<string | undefined>();
  for (const [, snapshot] of await pool.snapshots.list()) needed.add(snapshot.file).add(snapshot.backing);
  for (const [, volume] of await pool.volumes.list()) needed.add(volume.backing);
  for (const name of files) {
    const file = OURS.exec(name)?.[1];
    if (file !== undefined && !needed.has(file)) await rm(pool.snapshots.fileIn(name), { force: true });
  }
}
