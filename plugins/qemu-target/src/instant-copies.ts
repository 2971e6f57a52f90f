import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';

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
