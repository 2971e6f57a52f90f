import { open } from 'node:fs/promises';

async function syncOpened(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the bytes of a file durable. */
export const fsyncFile = syncOpened;

/** Makes the names in a directory durable: files that were created, renamed or removed in it. */
export const fsyncDirectory = syncOpened;
