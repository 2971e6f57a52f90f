import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';

const KEY_BYTES = 32;
/** 64 MiB and two passes: a quarter of a second for us, and as long for each guess of a thief. */
const COST = { N: 2 ** 16, r: 8, p: 2 };

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

/** As it is stored; it names its own cost, so that a later release may choose a higher one. */
export const PasswordHash = z.object({
  salt: z.base64(),
  key: z.base64(),
  N: z.int(),
  r: z.int(),
  p: z.int(),
});
export type PasswordHash = z.infer<typeof PasswordHash>;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const key = await keyOf(password, salt, COST);
  return { salt: salt.toString('base64'), key: key.toString('base64'), ...COST };
}

/** Whether it is the password. Without a hash it takes as long, and is never. */
export async function isPassword(password: string, hash: PasswordHash | undefined): Promise<boolean> {
  const { N, r, p } = hash ?? COST;
  const salt = hash ? Buffer.from(hash.salt, 'base64') : randomBytes(16);
  const wanted = hash ? Buffer.from(hash.key, 'base64') : randomBytes(KEY_BYTES);
  return timingSafeEqual(await keyOf(password, salt, { N, r, p }), wanted);
}

function keyOf(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return derive(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: 160 * cost.N * cost.r });
}
