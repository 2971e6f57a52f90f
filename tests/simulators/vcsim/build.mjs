// Builds vcsim, VMware's own vCenter simulator, from Debian's source of govmomi with the overlay of this folder.
// Plain JavaScript without dependencies; also runnable: `node tests/simulators/vcsim/build.mjs`.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFromDebian } from '../../stack/debian-archive.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../../.dev/vcsim', import.meta.url));
const SOURCE_PACKAGE = 'golang-github-vmware-govmomi';
const LIBRARIES = '/usr/share/gocode';
const PROGRAMS = ['vcsim', 'govc'];
const LOCKED = '--locked';

/** What the build needs, and the Debian package that has it. */
const NEEDED_PROGRAMS = { go: 'golang-go', patch: 'patch', 'dpkg-source': 'dpkg-dev', flock: 'util-linux' };
const NEEDED_LIBRARIES = {
  'google/uuid': 'golang-github-vmware-govmomi-dev',
  'kr/pretty': 'golang-github-kr-pretty-dev',
  'kr/text': 'golang-github-kr-text-dev',
  'davecgh/go-xdr': 'golang-github-davecgh-go-xdr-dev',
  'a8m/tree': 'golang-github-a8m-tree-dev',
};

/**
 * Builds both programs once and keeps them; of several callers at once one builds, and the others wait for it.
 * @returns the paths of `vcsim` and of `govc`.
 */
export async function ensureVcsim({ log = process.stderr } = {}) {
  const built = join(cache, hashOfRecipe());
  if (!existsSync(built)) {
    checkNeeds();
    mkdirSync(cache, { recursive: true });
    // a process of its own, because a lock of `flock` ends with its holder, however that ends
    await run('flock', [join(cache, 'lock'), process.execPath, join(here, 'build.mjs'), LOCKED], { log });
  }
  const [vcsim, govc] = PROGRAMS.map((name) => join(built, 'bin', name));
  return { vcsim, govc };
}

async function buildLocked(log) {
  const built = join(cache, hashOfRecipe());
  if (existsSync(built)) return;
  const source = join(cache, 'source');
  const request = { release: 'bookworm', kind: 'source', packages: [SOURCE_PACKAGE], log };
  if (!existsSync(source)) await once(source, (fresh) => fetchFromDebian({ ...request, into: fresh }));
  log.write('building vcsim, which takes about a minute the first time\n');
  await once(built, (fresh) => build(source, fresh));
  log.write('built: vcsim\n');
}

const overlay = () => readdirSync(join(here, 'overlay')).sort();
const patches = () => readdirSync(join(here, 'patches')).sort();

function hashOfRecipe() {
  const hash = createHash('sha256').update(readFileSync(join(here, 'build.mjs')));
  for (const name of overlay()) hash.update(name).update(readFileSync(join(here, 'overlay', name)));
  for (const name of patches()) hash.update(name).update(readFileSync(join(here, 'patches', name)));
  return hash.digest('hex').slice(0, 16);
}

function checkNeeds() {
  const onPath = (name) =>
    (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
  const missing = [
    ...Object.entries(NEEDED_PROGRAMS).filter(([name]) => !onPath(name)),
    ...Object.entries(NEEDED_LIBRARIES).filter(
      ([name]) => !existsSync(join(LIBRARIES, 'src/github.com', name)),
    ),
  ];
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(', ');
  const packages = [...new Set(missing.map(([, debianPackage]) => debianPackage))].join(' ');
  throw new Error(`vcsim cannot be built: ${names} is missing. apt-get install ${packages}`);
}

/** Makes a directory in one step: whoever sees it sees it whole. */
async function once(directory, fill) {
  const fresh = mkdtempSync(join(cache, '.fresh-'));
  try {
    await fill(fresh);
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function build(source, into) {
  const gopath = join(into, 'gopath');
  const tree = join(gopath, 'src/github.com/vmware/govmomi');
  mkdirSync(join(gopath, 'src/github.com/vmware'), { recursive: true });
  const [description] = readdirSync(source).filter((name) => name.endsWith('.dsc'));
  await run('dpkg-source', ['--no-check', '-x', join(source, description), tree]);
  for (const name of patches())
    await run('patch', ['-p1', '--fuzz=0', '-i', join(here, 'patches', name)], { cwd: tree });
  for (const name of overlay()) {
    const target = join(tree, 'simulator', name);
    if (existsSync(target)) throw new Error(`The overlay's ${name} would replace a file of vcsim.`);
    copyFileSync(join(here, 'overlay', name), target);
  }
  const env = {
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOPATH: [gopath, LIBRARIES].join(delimiter),
    // shared by all builds: after a change of the overlay only its own package is compiled anew
    GOCACHE: join(cache, 'gocache'),
  };
  for (const name of PROGRAMS) {
    const output = join(into, 'bin', name);
    await run('go', ['build', '-trimpath', '-o', output, `github.com/vmware/govmomi/${name}`], { env });
  }
  rmSync(gopath, { recursive: true });
}

function run(command, args, { cwd = here, env = {}, log } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        log?.write(data);
        said = (said + data).slice(-6000);
      });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${said.trim()}`)),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === LOCKED) await buildLocked(process.stderr);
  else console.log(JSON.stringify(await ensureVcsim(), null, 2));
}
