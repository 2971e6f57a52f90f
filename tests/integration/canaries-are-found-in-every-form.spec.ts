import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesWith, formsOf, processesWith, textHolds } from '../stack/canary.js';

/* A search that finds nothing says something only if it finds what is there. */

const TEXT = `c4n"ary\\ +/ß% ${randomBytes(12).toString('base64')}`;
const BYTES = randomBytes(32);
const padded = (shift: number, secret: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('x'.repeat(shift)), Buffer.from(secret), Buffer.from('and more')]);

/** How programs write secrets down, in words of their own and not of the search. */
const written = (secret: string | Buffer): Record<string, string | Buffer> => ({
  raw: secret,
  hex: Buffer.from(secret).toString('hex'),
  'hex in capitals': Buffer.from(secret).toString('hex').toUpperCase(),
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((shift) => [
      [`base64 after ${shift} bytes`, padded(shift, secret).toString('base64')],
      [`base64url after ${shift} bytes`, padded(shift, secret).toString('base64url')],
    ]),
  ),
});
const PLANTED: [string, string | Buffer, string | Buffer][] = [
  ...Object.entries(written(TEXT)).map(([form, text]) => [form, TEXT, text] as [string, string, string]),
  ...Object.entries(written(BYTES)).map(
    ([form, text]) => [`bytes, ${form}`, BYTES, text] as [string, Buffer, string],
  ),
  ['in a URL', TEXT, new URL(`http://x/?q=${encodeURIComponent(TEXT)}`).href],
  ['in a form', TEXT, String(new URLSearchParams({ q: TEXT }))],
  ['in JSON', TEXT, JSON.stringify({ q: TEXT })],
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cf-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe.each(PLANTED)('%s', (_form, secret, planted) => {
  it('is found in a file, also where a piece that is read ends in the middle of it', async () => {
    const path = join(directory, 'planted');
    const before = Buffer.alloc((1 << 20) - 5, '.');
    await writeFile(path, Buffer.concat([before, Buffer.from(planted), Buffer.from('...')]));
    expect(await filesWith(directory, formsOf(secret))).toEqual([path]);
    expect(await filesWith(directory, formsOf(randomBytes(32)))).toEqual([]);
  });

  it('is found in an answer', () => {
    if (typeof planted === 'string') expect(textHolds(`<${planted}>`, formsOf(secret))).toBe(true);
    expect(textHolds(`<${String(planted)}>`, formsOf(randomBytes(32)))).toBe(false);
  });
});

it('finds arguments and environments of processes', async () => {
  const wait = ['-e', 'process.stdin.resume()'];
  const [argument, variable] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
  const child = spawn(process.execPath, [...wait, argument], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { SECRET: variable },
  });
  await once(child, 'spawn');
  try {
    expect(await processesWith(formsOf(argument))).toEqual([`${child.pid} cmdline`]);
    expect(await processesWith(formsOf(variable))).toEqual([`${child.pid} environ`]);
  } finally {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  }
});
