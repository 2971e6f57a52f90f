import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { fsyncDirectory, fsyncFile } from './fsync-path.js';

const HOUR_MS = 3_600_000;

/**
 * Puts a copy of a file in place, whole and durable or not at all. Holes stay holes; where the file system can
 * share blocks, nothing is copied.
 */
export async function sparseCopy(
  runner: Pick<ProcessRunner, 'exec'>,
  from: string,
  to: string,
  { signal }: CallSignal,
): Promise<void> {
  const temporary = `${to}.copying`;
  try {
    await runner.exec(
      {
        command: 'cp',
        args: ['--sparse=always', '--reflink=auto', '--', from, temporary],
        timeoutMs: 12 * HOUR_MS,
      },
      { signal },
    );
    await fsyncFile(temporary);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await fsyncDirectory(dirname(to));
}
