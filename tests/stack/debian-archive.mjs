// Fetches packages of a Debian release that need not be this system's, without root and without touching its lists.
// Plain JavaScript without dependencies: build recipes use it before anything is installed.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const aptDir = fileURLToPath(new URL('../../.dev/apt', import.meta.url));
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
const ATTEMPTS = 3;
/** With fresh lists, this is no failure that passes. */
const UNKNOWN = /Unable to (locate|find a source) package/;

/**
 * Puts packages of the Debian archive into a directory, checked against the archive's signature.
 * @param release `bookworm` or `trixie`.
 * @param kind `deb` gives the built packages, `source` their `.dsc` with its archives.
 * @param packages the names; the newest version of the release is taken.
 * @param into made when it is missing.
 * @returns the paths of the files, sorted.
 */
export async function fetchFromDebian({ release, kind, packages, into, log = process.stderr }) {
  checkTools();
  const options = configure(release, kind);
  mkdirSync(into, { recursive: true });
  const what = `${packages.join(', ')} (${kind}, ${release})`;
  let last;
  for (let attempt = 0; attempt <= ATTEMPTS; attempt++) {
    // of a directory of its own, so that what arrives is known and nothing half fetched is ever seen
    const fresh = mkdtempSync(join(into, '.fetch-'));
    try {
      // the first attempt goes without: the lists of an earlier call usually still serve
      if (attempt > 0) await apt(options, ['update'], aptDir);
      const verb = kind === 'source' ? ['source', '--download-only'] : ['download'];
      await apt(options, [...verb, ...packages], fresh);
      const names = readdirSync(fresh).sort();
      for (const name of names) renameSync(join(fresh, name), join(into, name));
      log.write(`fetched from Debian: ${what}\n`);
      return names.map((name) => join(into, name));
    } catch (error) {
      last = error;
      if (attempt > 0 && UNKNOWN.test(error.message)) break;
      if (attempt > 0 && attempt < ATTEMPTS) log.write(`fetching ${what} failed, trying again\n`);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  throw new Error(
    `Could not fetch ${what} from ${mirror()}. Is the archive reachable, and does the release have it?\n${last?.message}`,
    { cause: last },
  );
}

function checkTools() {
  const needed = [
    ['/usr/bin/apt-get', 'apt'],
    ['/usr/bin/flock', 'util-linux'],
    [KEYRING, 'debian-archive-keyring'],
  ];
  for (const [file, owner] of needed)
    if (!existsSync(file))
      throw new Error(
        `${file} is missing, so nothing can be fetched from the Debian archive: this needs a Debian ` +
          `system with the package ${owner} (apt-get install ${owner}).`,
      );
}

/** The address of the archive as this system already has it. */
function mirror() {
  for (const file of SOURCES) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const found = /^URIs:\s*(\S+)/m.exec(text) ?? /^deb\s+(?:\[[^\]]*\]\s*)?(\S+)/m.exec(text);
    if (found) return found[1];
  }
  throw new Error(`No address of a Debian archive in ${SOURCES.join(' or ')}: put a deb line there.`);
}

/** A configuration of its own for every release and kind: the system's lists stay as they are. */
function configure(release, kind) {
  const dir = join(aptDir, `${release}-${kind}`);
  for (const part of ['lists/partial', 'cache/archives/partial', 'preferences.d'])
    mkdirSync(join(dir, part), { recursive: true });
  const list = join(dir, 'sources.list');
  const type = kind === 'source' ? 'deb-src' : 'deb';
  writeFileSync(list, `${type} [signed-by=${KEYRING}] ${mirror()} ${release} main contrib\n`);
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': join(dir, 'preferences.d'),
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::Cache': join(dir, 'cache'),
    'Acquire::Retries': '3',
    // as root, apt would give the work to a user who may not write here
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/** One apt-get at a time: it gives up at once when another one holds its lists. */
function apt(options, args, cwd) {
  return new Promise((resolve, reject) => {
    const line = [join(aptDir, 'lock'), 'apt-get', '-q', ...options, ...args];
    const child = spawn('flock', line, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => (tail = (tail + data).slice(-3000)));
    child.on('error', reject);
    child.on('close', (code) => {
      // an update that could not refresh a list still ends with 0, and says so
      const stale = args[0] === 'update' && /^(W: Failed to fetch|E:)/m.test(tail);
      if (code === 0 && !stale) resolve();
      else reject(new Error(`apt-get ${args.join(' ')} ended with ${code}:\n${tail.trim()}`));
    });
  });
}
