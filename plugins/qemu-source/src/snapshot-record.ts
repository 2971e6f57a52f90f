import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncDirectory } from '@ossea/qemu';
import { z } from '@ossea/plugin-sdk';

const diskSchema = z.object({
  key: z.string(),
  path: z.string(),
  format: z.enum(['raw', 'qcow2']),
  sizeBytes: z.int(),
  /** Stamps whose changes up to this snapshot are frozen. */
  frozen: z.array(z.string()),
  /** What the file was when a stopped machine's snapshot was made: any write since shows. */
  print: z.string().optional(),
});

/**
 * The one snapshot of ours that a machine may have, as it stands in its folder. Written before anything is made,
 * so that whoever comes after a crash knows what to look for.
 */
const recordSchema = z.object({
  v: z.literal(1),
  key: z.string(),
  stamp: z.string(),
  complete: z.boolean(),
  /** `live`: inside the QEMU process named here; `offline`: of a machine that was off. */
  mode: z.enum(['live', 'offline']),
  pid: z.int().optional(),
  startTime: z.string().optional(),
  disks: z.array(diskSchema),
});
export type SnapshotRecord = z.infer<typeof recordSchema>;
export type SnapshotDisk = z.infer<typeof diskSchema>;

const NAME = 'ossea-snapshot.json';
export const socketPath = (machineDirectory: string): string => join(machineDirectory, 'ossea.sock');
export const overlayPath = (machineDirectory: string, disk: string, stamp: string): string =>
  join(machineDirectory, `ossea-${disk}-${stamp}.qcow2`);

/** The record in a machine's folder, if there is one. A record that cannot be read is none of a whole snapshot. */
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

export async function removeRecord(machineDirectory: string): Promise<void> {
  await rm(join(machineDirectory, NAME), { force: true });
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
