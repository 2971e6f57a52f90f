import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Crockford's alphabet: nothing in it is mistaken for something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;
const GROUP_CHARS = 4;

/** The one-time code of the first start: whoever reads it on this machine is its first administrator. */
export class SetUpCode {
  private readonly file: string;

  constructor(stateDir: string) {
    this.file = join(stateDir, 'set-up-code');
  }

  /** Makes the code unless there is one. Gives it back only when it is new. */
  async ensure(): Promise<string | undefined> {
    if ((await this.read()) !== undefined) return undefined;
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

  private async read(): Promise<string | undefined> {
    try {
      return (await readFile(this.file, 'utf8')).trim();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
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
