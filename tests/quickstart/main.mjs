// npm run quickstart                       see it work: everything stays up until Ctrl-C
// npm run quickstart -- --yes              agrees to installing Debian packages
// npm run quickstart -- --once --yes --json   the whole journey unattended; the last line is one JSON object
//   --target cloudstack  to a CloudStack that answers on this box instead of a QEMU pool
//   --mariadb  on a MariaDB of its own instead of SQLite      --small  a guest with less data, for a quick look
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, ensureDebianPackages, ensureNodeModules, root } from '../stack/setup.mjs';

const known = ['--yes', '--once', '--json', '--no-build', '--mariadb', '--small', '--help'];
const targets = ['qemu', 'cloudstack'];
const args = process.argv.slice(2);
const at = args.indexOf('--target');
const target = at < 0 ? 'qemu' : args.splice(at, 2)[1];
const unknown = args.filter((arg) => !known.includes(arg));
if (!targets.includes(target)) unknown.push(`--target ${target}`);
if (unknown.length || args.includes('--help')) {
  console.error(`usage: npm run quickstart -- [${known.join('] [')}] [--target ${targets.join('|')}]`);
  process.exit(unknown.length ? 2 : 0);
}
const flag = (name) => args.includes(name);

try {
  if (!flag('--no-build')) {
    await ensureDebianPackages({ yes: flag('--yes') });
    await ensureNodeModules();
    await build();
  }
  const { quickstart } = await import(pathToFileURL(join(root, 'tests/dist/quickstart/quickstart.js')).href);
  const code = await quickstart({
    once: flag('--once'),
    json: flag('--json'),
    mariadb: flag('--mariadb'),
    small: flag('--small'),
    target,
  });
  // everything of ours has ended: nothing that is still open may keep the command waiting
  process.stdout.write('', () => process.exit(code));
} catch (error) {
  console.error(`quickstart: ${error.stack ?? error}`);
  process.exitCode = 1;
}
