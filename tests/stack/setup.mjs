// Brings a fresh Debian machine with nothing but Node and npm to the point where everything builds and runs.
// Plain JavaScript without dependencies: it runs before anything is installed.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const stateDir = join(root, '.dev');

/** Runs a command to its end; throws with its name when it fails. Output goes to our own, or is dropped when `quiet`. */
export function run(command, args, { quiet = false, env = {}, cwd = root, log = process.stderr } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        if (!quiet) log.write(data);
        tail = (tail + data).slice(-4000);
      });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}${quiet ? `\n${tail}` : ''}`)),
    );
  });
}

/** The list's last section is for the tests only: nobody else should have to install a Go compiler. */
const SIMULATORS = '# -- simulators --';

function wantedPackages({ simulators }) {
  const list = readFileSync(join(root, 'appliance-image/common/debian-packages.txt'), 'utf8');
  return (simulators ? list : list.slice(0, list.indexOf(SIMULATORS)))
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
}

function missingPackages(names) {
  return names.filter((name) => {
    try {
      const state = execFileSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return state.toString() !== 'installed';
    } catch {
      return true;
    }
  });
}

/**
 * Installs the Debian packages that are missing; asks once before it does, unless `yes`.
 * @param simulators whether those that the simulators of the tests are built with are wanted too.
 */
export async function ensureDebianPackages({ yes, simulators = false, log = process.stderr }) {
  const missing = missingPackages(wantedPackages({ simulators }));
  if (missing.length === 0) return log.write('Debian packages: all there\n');
  log.write(`Debian packages missing: ${missing.join(' ')}\n`);
  if (!yes) {
    if (!process.stdin.isTTY)
      throw new Error('Nobody to ask: start again with --yes to agree to apt-get install.');
    const ask = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await ask.question('Install them with apt-get now? [y/N] ');
    ask.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Stopped: the packages above are needed.');
  }
  const apt = (...args) => {
    const command = process.getuid?.() === 0 ? ['apt-get', ...args] : ['sudo', 'apt-get', ...args];
    return run(command[0], command.slice(1), { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  await apt('update');
  await apt('install', '-y', '--no-install-recommends', ...missing);
  const still = missingPackages(missing);
  if (still.length) throw new Error(`apt-get ended well, and yet these are missing: ${still.join(' ')}`);
  log.write('Debian packages: installed\n');
}

/** `npm ci`, unless it has run for this very lock file. */
export async function ensureNodeModules({ log = process.stderr } = {}) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const mark = join(root, 'node_modules/.ossea-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return log.write('node packages: all there\n');
  await run('npm', ['ci', '--no-audit', '--no-fund'], { quiet: true });
  writeFileSync(mark, lock);
  log.write('node packages: installed\n');
}

/** Builds TypeScript, the native engine and the console. */
export async function build({ log = process.stderr, console: withConsole = true } = {}) {
  mkdirSync(stateDir, { recursive: true });
  await run('npm', ['run', '--silent', 'build:ts'], { quiet: true });
  log.write('built: TypeScript\n');
  try {
    await run('npm', ['run', '--silent', 'build:native'], { quiet: true });
    log.write('built: native copy engine\n');
  } catch (error) {
    log.write(`native copy engine NOT built; the TypeScript engine is used instead: ${error.message}\n`);
  }
  if (withConsole) {
    await run('npm', ['run', '--silent', 'build:console'], { quiet: true });
    log.write('built: console\n');
  }
}
