import { open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncDirectory } from '@ossea/qemu';
import { z } from '@ossea/plugin-sdk';

const diskSchema = z.strictObject({
  key: z.string(),
  path: z.string(),
  format: z.enum(['raw', 'qcow2']),
  sizeBytes: z.int(),
  /** Stamps of earlier snapshots since which the changes up to this one can be told. */
  since: z.array(z.string()),
  /** What the file of a stopped machine was: any write shows in it. A block device has none. */
  print: z.string().optional(),
});

/**
 * The one snapshot of ours that a machine may have, as it stands in its folder. Written before anything is made,
 * so that whoever comes after a crash knows what to look for.
 */
const recordSchema = z.strictObject({
  v: z.literal(1),
  key: z.string(),
  stamp: z.string(),
  /** `making`: never handed out; `broken`: it was whole, and does not show that moment any more. */
  state: z.enum(['making', 'whole', 'broken']),
  /** Whether somebody has its change tokens: then the bitmaps it began must outlive it. */
  issued: z.boolean(),
  /** `live`: inside the QEMU process named here; `offline`: of a machine that was off. */
  mode: z.enum(['live', 'offline']),
  pid: z.int().optional(),
  startTime: z.string().optional(),
  disks: z.array(diskSchema),
});
export type SnapshotRecord = z.infer<typeof recordSchema>;
export type SnapshotDisk = z.infer<typeof diskSchema>;

const NAME = 'ossea-snapshot.json';
const DAEMON_SOCKET = /^o-[0-9a-f]{6}\.(sock|qmp)$/;

/** Where a running machine's snapshot is read; names no longer than those of the machine's own sockets. */
export const liveSocketPath = (machineDirectory: string): string => join(machineDirectory, 'ossea.sock');
export const overlayPath = (machineDirectory: string, disk: string, stamp: string): string =>
  join(machineDirectory, `ossea-${disk}-${stamp}.qcow2`);

/** The record in a machine's folder, if there is one. */
export async function readRecord(machineDirectory: string): Promise<SnapshotRecord | undefined> {
  let text: string;
  try {
    text = await readFile(join(machineDirectory, NAME), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return recordSchema.parse(JSON.parse(text));
}

/** Whole or not at all, and durable when this comes back. */
export async function writeRecord(machineDirectory: string, record: SnapshotRecord): Promise<void> {
  const path = join(machineDirectory, NAME);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await fsyncDirectory(machineDirectory);
}

/** Removes the record, and every file that its snapshot may have left. Nothing may have them open. */
export async function removeRecord(
  machineDirectory: string,
  { stamp, disks }: SnapshotRecord,
): Promise<void> {
  for (const { key } of disks) await rm(overlayPath(machineDirectory, key, stamp), { force: true });
  for (const name of await readdir(machineDirectory))
    if (DAEMON_SOCKET.test(name)) await rm(join(machineDirectory, name), { force: true });
  await rm(liveSocketPath(machineDirectory), { force: true });
  await rm(join(machineDirectory, `${NAME}.new`), { force: true });
  await rm(join(machineDirectory, NAME), { force: true });
  await fsyncDirectory(machineDirectory);
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
