// npm run bench:idle-connections -- [--json] [--rounds N] [--connections N] [--mebibytes N]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, ensureDebianPackages, ensureNodeModules, root } from '../stack/setup.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '11' },
    connections: { type: 'string', default: '200' },
    mebibytes: { type: 'string', default: '512' },
  },
});
if (!values['no-build']) {
  await ensureDebianPackages({ yes: values.yes });
  await ensureNodeModules();
  await build({ console: false });
}
const { idleConnections } = await import(
  pathToFileURL(join(root, 'tests/dist/bench/idle-connections.js')).href
);
process.exitCode = await idleConnections({
  rounds: Number(values.rounds),
  connections: Number(values.connections),
  mebibytes: Number(values.mebibytes),
  json: values.json,
});
