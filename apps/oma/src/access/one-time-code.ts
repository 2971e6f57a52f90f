import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Crockford's alphabet: nothing in it is mistaken for something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;
const GROUP_CHARS = 4;

/** A code in a file that only this appliance's own account may read: whoever knows it has been on this machine. */
export class OneTimeCode {
  private readonly file: string;

  /** @param validMs how long it counts; for ever unless told. */
  constructor(
    stateDir: string,
    name: 'set-up-code' | 'recovery-code',
    private readonly validMs = Number.POSITIVE_INFINITY,
  ) {
    this.file = join(stateDir, name);
  }

  /** Makes the code unless there is one. Gives it back only when it is new. */
  async ensure(): Promise<string | undefined> {
    return (await this.read()) === undefined ? this.renew() : undefined;
  }

  /** Makes a code in the place of any other. */
  async renew(): Promise<string> {
    const code = newCode();
    const fresh = `${this.file}.fresh`;
    await writeFile(fresh, `${code}\n`, { mode: 0o600 });
    await rename(fresh, this.file);
    return code;
  }

  async isCode(given: string): Promise<boolean> {
    const code = await this.read();
    return code !== undefined && timingSafeEqual(digest(given), digest(code));
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }

  /** Removes the code. @returns whether it was there: of two who come with it at once, one is let in. */
  async useUp(): Promise<boolean> {
    try {
      await unlink(this.file);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  private async read(): Promise<string | undefined> {
    try {
      const { mtimeMs } = await stat(this.file);
      if (Date.now() - mtimeMs > this.validMs) return undefined;
      return (await readFile(this.file, 'utf8')).trim();
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function newCode(): string {
  const group = () =>
    Array.from({ length: GROUP_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

/** Of equal length for every input; what people type in another case or with other gaps is the same code. */
function digest(code: string): Buffer {
  const bare = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return createHash('sha256').update(bare).digest();
}
