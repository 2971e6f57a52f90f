import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { MigrationError } from '@ossea/errors';

/** Where Debian keeps its programs. The host's own environment is not handed on: it may hold secrets. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment of a child: small, fixed, in a language whose messages can be read by programs. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...extra };
}

/**
 * The absolute path of a program.
 * Throws `process.missing` when there is none.
 */
export async function findProgram(command: string, path: string = PATH): Promise<string> {
  const candidates = command.includes('/')
    ? [resolve(command)]
    : path
        .split(delimiter)
        .filter(Boolean)
        .map((directory) => join(directory, command));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // not here: the next directory
    }
  }
  throw new MigrationError('process.missing', `The program "${command}" is not installed.`, {
    context: { program: command },
  });
}
