import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Endpoints } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { generateKeyPair, publicKeyOf, type KeyPair } from '@ossea/tunnel';
import { z } from 'zod';

/** What this VMA knows of its enrolment. */
export const Enrolment = z.object({
  omaHost: z.string(),
  omaPort: z.int(),
  hostKeyFingerprint: z.string(),
  /** Announced by the OMA: accepted beside the other one. */
  nextHostKeyFingerprint: z.string().optional(),
  vmaId: z.string(),
  state: z.enum(['pending', 'approved', 'rejected', 'revoked', 'expired']),
  agentTokenKey: z.string().optional(),
  /** What to ask the tunnel server for, where it is not the usual. */
  endpoints: Endpoints.optional(),
});
export type Enrolment = z.infer<typeof Enrolment>;

const KEY = 'vma-key';
const NEXT_KEY = 'vma-key.next';
const ENROLMENT = 'enrolment.json';
const READY = 'ready.json';

/** The state directory. Every file is written whole or not at all, and durable before the write is over. */
export class StateFiles {
  constructor(readonly directory: string) {}

  get journals(): string {
    return join(this.directory, 'journals');
  }

  /** Makes the directories, for us alone. Throws `config.invalid` where that is not possible. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.journals, { recursive: true, mode: 0o700 });
      await chmod(this.directory, 0o700);
      await syncDirectory(this.directory);
    } catch (cause) {
      throw new MigrationError(
        'config.invalid',
        'stateDir: expected a directory that we own and may write.',
        {
          cause,
        },
      );
    }
  }

  /** The key that is enrolled; made at the first call. Throws `config.invalid` for a file that is no key. */
  async keyPair(): Promise<KeyPair> {
    const path = join(this.directory, KEY);
    const known = await readOrNothing(path);
    if (known !== undefined) return { privateKey: known, publicKey: publicKeyOf(known) };
    const made = generateKeyPair();
    const isOurs = await this.write(KEY, made.privateKey, 'unless-there');
    // the service and an enrolment may both have wanted the first one
    return isOurs ? made : this.keyPair();
  }

  /** Another key in the place of one that no OMA will ever accept again. */
  async renewKeyPair(): Promise<KeyPair> {
    const made = generateKeyPair();
    await this.write(KEY, made.privateKey);
    await rm(join(this.directory, NEXT_KEY), { force: true });
    return made;
  }

  /** The key that shall take the place of ours, while it has not yet. */
  async nextKeyPair(): Promise<KeyPair | undefined> {
    const known = await readOrNothing(join(this.directory, NEXT_KEY));
    return known === undefined ? undefined : { privateKey: known, publicKey: publicKeyOf(known) };
  }

  /** The same; made where there is none. */
  async makeNextKeyPair(): Promise<KeyPair> {
    await this.write(NEXT_KEY, generateKeyPair().privateKey, 'unless-there');
    return (await this.nextKeyPair()) ?? this.makeNextKeyPair();
  }

  /** The next key becomes ours, because the OMA has let us in with it. */
  async promoteNextKey(): Promise<void> {
    await rename(join(this.directory, NEXT_KEY), join(this.directory, KEY));
    await syncDirectory(this.directory);
  }

  async enrolment(): Promise<Enrolment | undefined> {
    const text = await readOrNothing(join(this.directory, ENROLMENT));
    if (text === undefined) return undefined;
    try {
      return Enrolment.parse(JSON.parse(text));
    } catch (cause) {
      throw new MigrationError(
        'config.invalid',
        'enrolment.json: expected what an enrolment has written; remove the file and enrol again.',
        { cause },
      );
    }
  }

  async saveEnrolment(enrolment: Enrolment): Promise<void> {
    await this.write(ENROLMENT, JSON.stringify(enrolment, undefined, 2));
  }

  /** Saves news of an enrolment, unless another one took its place meanwhile. Gives what stands there now. */
  async updateEnrolment(was: Enrolment, now: Enrolment): Promise<Enrolment | undefined> {
    const stored = await this.enrolment();
    if (!isDeepStrictEqual(stored, was)) return stored;
    if (!isDeepStrictEqual(was, now)) await this.saveEnrolment(now);
    return now;
  }

  /** Tells supervisors, tests and people that the service runs, and where. */
  async announce(ready: object): Promise<void> {
    await this.write(READY, JSON.stringify(ready));
  }

  async withdraw(): Promise<void> {
    await rm(join(this.directory, READY), { force: true });
  }

  /** @returns whether it was written; false only for a file that was there already and should stay. */
  private async write(name: string, text: string, how?: 'unless-there'): Promise<boolean> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const path = join(this.directory, name);
    const fresh = `${path}.${randomUUID().slice(0, 8)}`;
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      if (how === 'unless-there') await link(fresh, path);
      else await rename(fresh, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(fresh, { force: true });
    }
    await syncDirectory(this.directory);
    return true;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
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
