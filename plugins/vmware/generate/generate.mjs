// Writes src/vim25/generated anew: fetches pyvmomi from the Debian archive, without installing it, and reads its tables.
// Needs Debian's python3 and dpkg-deb. A copy of the package may be given: node generate/generate.mjs <file.deb>
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFromDebian } from '../../../tests/stack/debian-archive.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'generate-vim25-'));
try {
  const [given] = process.argv.slice(2);
  const packages = ['python3-pyvmomi'];
  const [deb] = given
    ? [given]
    : await fetchFromDebian({ release: 'trixie', kind: 'deb', packages, into: join(scratch, 'deb') });
  const extracted = join(scratch, 'extracted');
  execFileSync('dpkg-deb', ['-x', deb, extracted]);
  const out = here('../src/vim25/generated');
  mkdirSync(out, { recursive: true });
  const modules = join(extracted, 'usr/lib/python3/dist-packages');
  // the system's own Python: others may lack what pyvmomi imports
  execFileSync('/usr/bin/python3', [here('generate-vim25.py'), modules, out], { stdio: 'inherit' });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
