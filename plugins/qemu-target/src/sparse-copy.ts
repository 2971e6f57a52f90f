import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';
import { syncDirectory, syncFile } from './record-store.js';

const HOUR_MS = 3_600_000;

/**
 * Puts a copy of a file in place, whole and durable or not at all. Holes stay holes; where the file system can
 * share blocks, nothing is copied.
 */
export async function sparseCopy(
  context: PluginContext,
  from: string,
  to: string,
  { signal }: CallOptions,
): Promise<void> {
  const temporary = `${to}.copying`;
  try {
    await context.run.exec(
      {
        command: 'cp',
        args: ['--sparse=always', '--reflink=auto', '--', from, temporary],
        timeoutMs: 12 * HOUR_MS,
      },
      { signal },
    );
    await syncFile(temporary);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(to));
}

/** Whether a copy in this directory shares its blocks, found out by making one. */
export async function copiesAreInstant(
  context: PluginContext,
  directory: string,
  { signal }: CallOptions,
): Promise<boolean> {
  const probe = join(directory, `.reflink-${randomBytes(4).toString('hex')}`);
  try {
    await writeFile(probe, Buffer.alloc(4096, 1));
    await context.run.exec(
      { command: 'cp', args: ['--reflink=always', '--', probe, `${probe}-copy`] },
      { signal },
    );
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    await rm(probe, { force: true });
    await rm(`${probe}-copy`, { force: true });
  }
}
