// npm run forwarding-matrix -- [--json] [--transport ssh2,…]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, ensureDebianPackages, ensureNodeModules, root } from '../stack/setup.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    transport: { type: 'string' },
  },
});
if (!values['no-build']) {
  await ensureDebianPackages({ yes: values.yes });
  await ensureNodeModules();
  await build({ console: false });
}
const { forwardingMatrix, TRANSPORTS } = await import(
  pathToFileURL(join(root, 'tests/dist/forwarding-matrix/forwarding-matrix.js')).href
);
process.exitCode = await forwardingMatrix({
  transports: values.transport?.split(',') ?? TRANSPORTS,
  json: values.json,
});
// a connection that a failed case left behind must not keep the verb alive
process.exit();
