import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MigrationError } from '@ossea/errors';
import { z } from '@ossea/plugin-sdk';

const derive = promisify(scrypt) as (secret: string, salt: Buffer, length: number) => Promise<Buffer>;
const MAX_REJECTIONS = 2;
/** vSphere's own lock-out counts over three minutes and lasts five, unless it was changed. */
const COOL_DOWN_MS = 15 * 60_000;

const recordSchema = z.strictObject({
  salt: z.string(),
  /** Of user and password, so that a corrected password is tried at once. Nobody can read them from it. */
  digest: z.string(),
  rejections: z.int(),
  lastAt: z.int(),
});
type Record = z.infer<typeof recordSchema>;

/**
 * Keeps us from locking an account: a rejected password is tried twice, over all sessions and restarts, and then not
 * before a quarter of an hour has passed or the settings were corrected.
 */
export class LoginGuard {
  private constructor(
    private readonly path: string,
    private readonly secret: string,
    private readonly now: () => number,
  ) {}

  static open(
    scratchDir: string,
    { username, password }: { readonly username: string; readonly password: string },
    now: () => number = Date.now,
  ): Promise<LoginGuard> {
    const secret = JSON.stringify([username, password]);
    return Promise.resolve(new LoginGuard(join(scratchDir, 'rejected-login.json'), secret, now));
  }

  /** Throws `auth.rejected`, without the server being asked. */
  async beforeLogin(): Promise<void> {
    const record = await this.read();
    if (!record || record.rejections < MAX_REJECTIONS || !(await this.isMine(record))) return;
    const waitMs = record.lastAt + COOL_DOWN_MS - this.now();
    if (waitMs <= 0) return;
    throw new MigrationError(
      'auth.rejected',
      `This user and password were rejected ${record.rejections} times. They are not tried again for ${Math.ceil(waitMs / 60_000)} min, so that the account is not locked; corrected ones are.`,
    );
  }

  async rejected(): Promise<void> {
    const before = await this.read();
    const mine = before && (await this.isMine(before)) ? before : undefined;
    const salt = mine ? Buffer.from(mine.salt, 'base64') : randomBytes(16);
    const digest = (await derive(this.secret, salt, 32)).toString('base64');
    const rejections = (mine?.rejections ?? 0) + 1;
    const record: Record = { salt: salt.toString('base64'), digest, rejections, lastAt: this.now() };
    await writeFile(`${this.path}.new`, JSON.stringify(record), { mode: 0o600, flush: true });
    await rename(`${this.path}.new`, this.path);
  }

  async accepted(): Promise<void> {
    await rm(this.path, { force: true });
  }

  private async read(): Promise<Record | undefined> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(this.path, 'utf8')));
    } catch {
      return undefined;
    }
  }

  private async isMine({ salt, digest }: Record): Promise<boolean> {
    const mine = await derive(this.secret, Buffer.from(salt, 'base64'), 32);
    const theirs = Buffer.from(digest, 'base64');
    return theirs.length === mine.length && timingSafeEqual(theirs, mine);
  }
}
