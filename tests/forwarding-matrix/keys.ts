import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MatrixKey } from './matrix-site.js';

/** A private key as `ssh` reads it: from a file that nobody else can read. */
export async function writeKey(directory: string, name: string, privateKey: string): Promise<MatrixKey> {
  const keyFile = join(directory, `key-${name}`);
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  return { privateKey, keyFile };
}

/** A good key of a kind that the tunnel does not take. */
export async function otherKey(directory: string, type: 'rsa' | 'ecdsa'): Promise<MatrixKey> {
  const keyFile = join(directory, `key-${type}`);
  await promisify(execFile)('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', keyFile]);
  return { privateKey: await readFile(keyFile, 'utf8'), keyFile };
}
