// Puts together what drives the VDDK reader without VMware's software: the stand-in library of this folder, and the
// real nbdkit-vddk-plugin of Debian 13, which Debian 12's nbdkit loads by path (it needs glibc 2.34 only).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFromDebian } from '../../stack/debian-archive.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../../.dev/vddk', import.meta.url));
const PACKAGE = 'nbdkit-plugin-vddk';
const PLUGIN = 'nbdkit-vddk-plugin.so';
const SOURCES = ['fake-connection.c', 'fake-disk.c', 'fake-vddk.h'];

/**
 * Builds both once and keeps them; of two callers at once the first one's counts.
 * @returns `libdir` for nbdkit's `libdir=`, and `plugin`, the path of the plugin.
 */
export async function ensureFakeVddk({ log = process.stderr } = {}) {
  if (arch() !== 'x64') throw new Error('The VDDK, and so its stand-in, is there for x86-64 only.');
  const fetched = join(cache, 'plugin');
  const libdir = join(cache, `library-${hashOfSources()}`);
  if (!existsSync(join(fetched, PLUGIN))) await once(fetched, (fresh) => fetchPlugin(fresh, log));
  if (!existsSync(libdir)) await once(libdir, (fresh) => compile(fresh, log));
  return { libdir, plugin: join(fetched, PLUGIN) };
}

function hashOfSources() {
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(join(here, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Makes a directory in one step: whoever sees it sees it whole. */
async function once(directory, fill) {
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, '.fresh-'));
  try {
    await fill(fresh);
    // whoever nbdkit runs as must get in
    chmodSync(fresh, 0o755);
    try {
      renameSync(fresh, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function fetchPlugin(into, log) {
  const [file] = await fetchFromDebian({
    release: 'trixie',
    kind: 'deb',
    packages: [PACKAGE],
    into: join(into, 'package'),
    log,
  });
  await run('dpkg-deb', ['-x', file, join(into, 'unpacked')], 'dpkg');
  const names = readdirSync(join(into, 'unpacked'), { recursive: true });
  const found = names.find((name) => name.endsWith(`/${PLUGIN}`));
  if (!found) throw new Error(`The package ${PACKAGE} of Debian 13 has no ${PLUGIN}.`);
  renameSync(join(into, 'unpacked', found), join(into, PLUGIN));
  for (const name of ['package', 'unpacked']) rmSync(join(into, name), { recursive: true });
}

async function compile(into, log) {
  const library = join(into, 'lib64/libvixDiskLib.so.8');
  mkdirSync(join(into, 'lib64'));
  const sources = SOURCES.filter((name) => name.endsWith('.c')).map((name) => join(here, name));
  const flags = ['-Wall', '-Wextra', '-O2', '-shared', '-fPIC', '-fvisibility=hidden'];
  await run('gcc', [...flags, '-o', library, ...sources], 'gcc and libc6-dev');
  log.write('built: the stand-in for the VDDK\n');
}

function run(command, args, debianPackage) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data) => (said = (said + data).slice(-4000)));
    child.on('error', (cause) =>
      reject(
        cause.code === 'ENOENT'
          ? new Error(
              `The program ${command} is missing, so the stand-in for the VDDK cannot be made: ` +
                `apt-get install ${debianPackage}.`,
              { cause },
            )
          : cause,
      ),
    );
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}:\n${said.trim()}`)),
    );
  });
}
