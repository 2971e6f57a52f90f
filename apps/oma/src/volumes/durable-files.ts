import { open } from 'node:fs/promises';

/** Whether a file-system call failed because the name does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Makes the entries of a directory durable: a new or renamed file may be gone after a power loss without it. */
export async function syncDirectory(path: string): Promise<void> {
  await syncFile(path);
}

/** Makes the contents of a file durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
