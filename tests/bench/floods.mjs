// npm run bench:floods -- [--json] [--rounds N] [--mebibytes N]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, ensureDebianPackages, ensureNodeModules, root } from '../stack/setup.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    mebibytes: { type: 'string', default: '512' },
  },
});
if (!values['no-build']) {
  await ensureDebianPackages({ yes: values.yes });
  await ensureNodeModules();
  await build({ console: false });
}
const { floods } = await import(pathToFileURL(join(root, 'tests/dist/bench/floods.js')).href);
process.exitCode = await floods({
  rounds: Number(values.rounds),
  mebibytes: Number(values.mebibytes),
  json: values.json,
});
