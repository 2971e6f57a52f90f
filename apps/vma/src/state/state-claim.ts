import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { isProcessAlive, processStartTime } from '@ossea/process';

/**
 * Takes the state directory for this process: two services would dial as one VMA and write one journal.
 *
 * Every process writes a claim under its own name, then looks at the others. A claim of a process that is gone may be
 * removed by anyone, because its name never comes again; so two of us can at worst both give way, and never both go on.
 * @returns how to give it back. Throws `config.invalid` when another process has it.
 */
export async function claimState(directory: string): Promise<() => Promise<void>> {
  const claims = join(directory, 'owners');
  await mkdir(claims, { recursive: true, mode: 0o700 });
  const name = `${process.pid}@${(await processStartTime(process.pid)) ?? ''}`;
  const claim = join(claims, name);
  try {
    await writeFile(claim, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw taken(process.pid, error);
  }
  const giveBack = () => rm(claim, { force: true });
  for (const other of await readdir(claims)) {
    if (other === name) continue;
    const at = other.indexOf('@');
    const pid = Number(other.slice(0, at));
    if (at > 0 && (await isProcessAlive(pid, other.slice(at + 1)))) {
      await giveBack();
      throw taken(pid);
    }
    await rm(join(claims, other), { force: true });
  }
  return giveBack;
}

function taken(pid: number, cause?: unknown): MigrationError {
  return new MigrationError(
    'config.invalid',
    `stateDir: expected a directory that no other process uses; process ${pid} does.`,
    { context: { pid }, cause },
  );
}
