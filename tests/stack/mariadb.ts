import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './probe.js';

const exec = promisify(execFile);

export interface PrivateMariaDb extends AsyncDisposable {
  /** Login over the server's own Unix socket; the account has no password because the socket's directory is private. */
  readonly login: { readonly socketPath: string; readonly username: string; readonly database: string };
  /** Kills the server as a crash would; `start` brings it back on the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A MariaDB of our own on a Unix socket in a temporary directory: never the system's server, never its port. */
export async function startMariaDb(database = 'ossea'): Promise<PrivateMariaDb> {
  const directory = await mkdtemp(join(tmpdir(), 'ossea-db-'));
  // A server that starts deletes every `#sql*` file in its tmpdir, those of other servers in /tmp too; one that loses a
  // temporary table in the middle of a query ends with a signal 11 (10.11.19, Create_tmp_table::cleanup_on_failure).
  const tmpDirectory = join(directory, 'tmp');
  await mkdir(tmpDirectory);
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? ['--user=mysql'] : [];
  if (asRoot) {
    const id = async (flag: string) => Number((await exec('id', [flag, 'mysql'])).stdout);
    for (const owned of [directory, tmpDirectory]) await chown(owned, await id('-u'), await id('-g'));
  }
  const dataDirectory = join(directory, 'data');
  const socketPath = join(directory, 's.sock');
  await exec('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${dataDirectory}`,
    `--tmpdir=${tmpDirectory}`,
    ...user,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]);
  let server: ChildProcess;
  const sql = (text: string) =>
    exec('mariadb', ['--no-defaults', '-S', socketPath, '-u', 'root', '-e', text]);
  const start = async () => {
    server = spawn(
      'mariadbd',
      [
        '--no-defaults',
        `--datadir=${dataDirectory}`,
        `--tmpdir=${tmpDirectory}`,
        ...user,
        `--socket=${socketPath}`,
        '--skip-networking',
      ],
      // Ctrl-C is for whoever started it
      { stdio: 'ignore', detached: true },
    );
    await until('MariaDB answers', () => sql('SELECT 1').then(() => true), { timeoutMs: 60_000 });
  };
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };
  await start();
  await sql(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  return {
    login: { socketPath, username: 'root', database },
    kill: () => end('SIGKILL'),
    start,
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
