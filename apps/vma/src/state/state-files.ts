import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { generateKeyPair, publicKeyOf, type KeyPair } from '@ossea/tunnel';
import { z } from 'zod';

/** What this VMA knows of its enrolment. */
export const Enrolment = z.object({
  omaHost: z.string(),
  omaPort: z.int(),
  hostKeyFingerprint: z.string(),
  vmaId: z.string(),
  state: z.enum(['pending', 'approved', 'rejected', 'revoked', 'expired']),
  agentTokenKey: z.string().optional(),
});
export type Enrolment = z.infer<typeof Enrolment>;

/** The state directory. Every file is written whole or not at all, and durable before the write is over. */
export class StateFiles {
  constructor(readonly directory: string) {}

  get journals(): string {
    return join(this.directory, 'journals');
  }

  async prepare(): Promise<void> {
    await mkdir(this.journals, { recursive: true, mode: 0o700 });
  }

  /** The key that is enrolled; made at the first call. Throws `config.invalid` for a file that is no key. */
  async keyPair(): Promise<KeyPair> {
    const path = join(this.directory, 'vma-key');
    const known = await readOrNothing(path);
    if (known !== undefined) return { privateKey: known, publicKey: publicKeyOf(known) };
    const made = generateKeyPair();
    await this.write('vma-key', made.privateKey);
    return made;
  }

  async enrolment(): Promise<Enrolment | undefined> {
    const text = await readOrNothing(join(this.directory, 'enrolment.json'));
    if (text === undefined) return undefined;
    try {
      return Enrolment.parse(JSON.parse(text));
    } catch (cause) {
      throw new MigrationError('config.invalid', 'enrolment.json: expected what an enrolment has written.', {
        cause,
      });
    }
  }

  async saveEnrolment(enrolment: Enrolment): Promise<void> {
    await this.write('enrolment.json', JSON.stringify(enrolment, undefined, 2));
  }

  /** Tells supervisors, tests and people that the service runs, and where. */
  async announce(ready: object): Promise<void> {
    await this.write('ready.json', JSON.stringify(ready));
  }

  async withdraw(): Promise<void> {
    await rm(join(this.directory, 'ready.json'), { force: true });
  }

  private async write(name: string, text: string): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const path = join(this.directory, name);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const directory = await open(this.directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
