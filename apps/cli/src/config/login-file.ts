import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CliError, EXIT } from '../exit-codes.js';

const Login = z.object({
  server: z.string(),
  token: z.string(),
  /** PEM of the authority that the appliance's certificate must come from, when it is not a public one. */
  ca: z.string().optional(),
});
export type Login = z.infer<typeof Login>;

/** What `ossea login` keeps: a file that only its owner can read. */
export class LoginFile {
  readonly path: string;

  constructor(private readonly configDir: string) {
    this.path = join(configDir, 'login.json');
  }

  async read(): Promise<Login | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return Login.parse(JSON.parse(text));
    } catch (error) {
      throw new CliError(EXIT.usage, `${this.path} is not what "ossea login" writes: sign in again.`, {
        cause: error,
      });
    }
  }

  async write(login: Login): Promise<void> {
    await mkdir(this.configDir, { recursive: true, mode: 0o700 });
    const fresh = `${this.path}.fresh`;
    // a mode applies to a new file only
    await rm(fresh, { force: true });
    await writeFile(fresh, `${JSON.stringify(login)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(fresh, this.path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
