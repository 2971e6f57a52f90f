import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MigrationError, isMigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import type { TunnelLimits } from '../server-options.js';
import { findAccounts, type Accounts } from './accounts.js';
import { writeDurably } from './key-files.js';
import { keysCommandScript } from './keys-command.js';
import { DEFAULT_ACCOUNTS, DEFAULT_OPENSSH_DIRECTORY, type OpenSshSettings } from './settings.js';
import { sshdConfig } from './sshd-config.js';

const BRIDGE = fileURLToPath(new URL('../../dist/openssh/enrol-bridge.process.js', import.meta.url));
/** What may stand in our files without quotes, in sshd's words as in the shell's. */
const PLAIN_PATH = /^(\/[A-Za-z0-9._-]+)+$/;
const CHECK_MS = 10_000;

/** Everything on the disk that sshd reads, ready. */
export interface Place {
  readonly accounts: Accounts;
  readonly configFile: string;
  readonly keysCommand: string;
  readonly keysDirectory: string;
  readonly revokedKeysFile: string;
  readonly claimsDirectory: string;
  readonly enrolSocket: string;
  /** One file for each sshd that runs. */
  readonly runningDirectory: string;
}

/**
 * Writes what sshd needs and lets sshd check it.
 * @throws `config.invalid` or `config.missing`, which name `tunnel.transport` and what was expected.
 */
export async function preparePlace(
  settings: OpenSshSettings,
  options: {
    readonly hostKey: string;
    readonly limits: TunnelLimits;
    readonly runner: ProcessRunner;
    /** Whether user `enroll` is offered anything. */
    readonly enrols: boolean;
  },
): Promise<Place> {
  const { hostKey, limits, runner, enrols } = options;
  const signal = AbortSignal.timeout(CHECK_MS);
  if (process.getuid?.() !== 0)
    throw wrong('expected the rights of root for openssh: sshd logs other users in. Use ssh2 without them.');
  const names = { ...DEFAULT_ACCOUNTS, ...settings.accounts };
  const accounts = await findAccounts(runner, names, signal);
  const directory = settings.directory ?? DEFAULT_OPENSSH_DIRECTORY;
  for (const path of [directory, process.execPath])
    if (!PLAIN_PATH.test(path)) throw wrong(`expected a path of plain characters for openssh, not ${path}`);
  makeDirectory(directory, 0, 0, 0o755);
  refuseWritable(directory);
  const at = (name: string) => join(directory, name);
  const place: Place = {
    accounts,
    configFile: at('sshd_config'),
    keysCommand: at('keys-command'),
    keysDirectory: at('keys.d'),
    revokedKeysFile: at('revoked_keys'),
    claimsDirectory: at('claims'),
    enrolSocket: at('enrol/enrol.sock'),
    runningDirectory: at('running'),
  };
  makeDirectory(place.keysDirectory, 0, accounts.keys.gid, 0o750);
  rmSync(place.claimsDirectory, { recursive: true, force: true });
  makeDirectory(place.claimsDirectory, accounts.keys.uid, accounts.keys.gid, 0o700);
  makeDirectory(dirname(place.enrolSocket), accounts.enrol.uid, accounts.enrol.gid, 0o700);
  makeDirectory(place.runningDirectory, 0, 0, 0o700);
  writeDurably(directory, 'host_key', hostKey.endsWith('\n') ? hostKey : `${hostKey}\n`, 0o600);
  writeDurably(directory, 'enrol-bridge.mjs', readFileSync(BRIDGE, 'utf8'), 0o644);
  const script = keysCommandScript({
    accounts: names,
    keysDirectory: place.keysDirectory,
    claimsDirectory: place.claimsDirectory,
    enrolCommand: enrols ? `${process.execPath} ${at('enrol-bridge.mjs')} ${place.enrolSocket}` : undefined,
  });
  writeDurably(directory, 'keys-command', script, 0o755);
  const config = sshdConfig({
    hostKeyFile: at('host_key'),
    keysCommand: place.keysCommand,
    revokedKeysFile: place.revokedKeysFile,
    accounts: names,
    limits,
  });
  writeDurably(directory, 'sshd_config', config, 0o600);
  await check(runner, place, signal);
  return place;
}

/** sshd reads configuration and keys as it would for a connection, and looks for its own directory and user. */
async function check(runner: ProcessRunner, { configFile }: Place, signal: AbortSignal): Promise<void> {
  try {
    await runner.exec({ command: 'sshd', args: ['-t', '-f', configFile] }, { signal });
  } catch (error) {
    if (isMigrationError(error) && error.code === 'process.missing')
      throw new MigrationError(
        'config.missing',
        'tunnel.transport: expected openssh-server to be installed.',
        {
          cause: error,
        },
      );
    throw wrong(
      `expected a machine on which sshd works: ${error instanceof Error ? error.message : ''}`,
      error,
    );
  }
}

function makeDirectory(path: string, uid: number, gid: number, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
  if (!lstatSync(path).isDirectory()) throw wrong(`expected a directory at ${path}`);
  chownSync(path, uid, gid);
  chmodSync(path, mode);
}

/** sshd looks at every directory above its keys command, too, but says so only when somebody wants to log in. */
function refuseWritable(directory: string): void {
  for (let path = directory; ; path = dirname(path)) {
    const { uid, mode } = lstatSync(path);
    if (uid !== 0 || (mode & 0o022) !== 0)
      throw wrong(
        `expected ${path} to be root's and writable by nobody else: openssh keeps its keys below it.`,
      );
    if (path === '/') return;
  }
}

function wrong(what: string, cause?: unknown): MigrationError {
  return new MigrationError(
    'config.invalid',
    `tunnel.transport: ${what}`,
    cause === undefined ? {} : { cause },
  );
}
