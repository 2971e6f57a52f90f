import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { isProcessAlive, processStartTime } from '@ossea/process';
import { newId } from '../database/new-id.js';

const APPLIANCE_ID = /^oma_[0-9A-Z]{26}$/;

/** What stands in `ready.json` while the appliance takes requests. */
export interface Ready {
  readonly httpUrl: string;
  readonly tunnelPort: number;
  readonly pid: number;
}

/** The directory that one process owns: keys, tokens, the embedded database. */
export class StateDirectory implements AsyncDisposable {
  private constructor(
    readonly path: string,
    private readonly claim: string,
    /** The same for every life of this appliance. */
    readonly applianceId: string,
  ) {}

  /** Makes the directory, for its owner alone, and takes it. Throws `config.invalid` when another process has it. */
  static async open(path: string): Promise<StateDirectory> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      await chmod(path, 0o700);
    } catch (error) {
      throw new MigrationError(
        'config.invalid',
        'stateDir: expected a directory that we own and may write.',
        {
          cause: error,
        },
      );
    }
    const claim = await take(join(path, 'owners'));
    try {
      const applianceId = await readOrMakeId(join(path, 'appliance-id'));
      await rm(join(path, 'ready.json'), { force: true });
      return new StateDirectory(path, claim, applianceId);
    } catch (error) {
      await rm(claim, { force: true });
      throw error;
    }
  }

  async announce(ready: Ready): Promise<void> {
    await replaceFile(join(this.path, 'ready.json'), `${JSON.stringify(ready)}\n`);
  }

  /** Takes no requests any more. */
  async withdraw(): Promise<void> {
    await rm(join(this.path, 'ready.json'), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.withdraw();
    await rm(this.claim, { force: true });
  }
}

/**
 * Every process that wants the directory writes a claim under its own name, then looks at the others. A claim of a
 * process that is gone may be removed by anyone, because its name never comes again; so two of us can at worst both
 * give way, and never both go on.
 */
async function take(claims: string): Promise<string> {
  await mkdir(claims, { recursive: true, mode: 0o700 });
  const name = `${process.pid}@${(await processStartTime(process.pid)) ?? ''}`;
  const claim = join(claims, name);
  try {
    await writeFile(claim, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw taken(process.pid, error);
  }
  for (const other of await readdir(claims)) {
    if (other === name) continue;
    const at = other.indexOf('@');
    const pid = Number(other.slice(0, at));
    if (at > 0 && (await isProcessAlive(pid, other.slice(at + 1)))) {
      await rm(claim, { force: true });
      throw taken(pid);
    }
    await rm(join(claims, other), { force: true });
  }
  return claim;
}

function taken(pid: number, cause?: unknown): MigrationError {
  return new MigrationError(
    'config.invalid',
    `stateDir: expected a directory that no other process uses; process ${pid} does.`,
    { context: { pid }, cause },
  );
}

async function readOrMakeId(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (APPLIANCE_ID.test(kept.trim())) return kept.trim();
  const id = newId('oma');
  await replaceFile(file, `${id}\n`);
  return id;
}

async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.fresh`, text, { mode: 0o600 });
  await rename(`${file}.fresh`, file);
}
