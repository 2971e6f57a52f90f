// npm run bench -- [--json] [--rounds N] [--mebibytes N] [--content random,mixed,sparse] [--images DIRECTORY]
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, ensureDebianPackages, ensureNodeModules, root } from '../stack/setup.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '1024' },
    content: { type: 'string', default: 'random,mixed,sparse' },
    images: { type: 'string' },
  },
});
if (!values['no-build']) {
  await ensureDebianPackages({ yes: values.yes });
  await ensureNodeModules();
  await build({ console: false });
}
const { bench } = await import(pathToFileURL(join(root, 'tests/dist/bench/bench.js')).href);
process.exitCode = await bench({
  rounds: Number(values.rounds),
  sizeBytes: Number(values.mebibytes) * 2 ** 20,
  contents: values.content.split(','),
  json: values.json,
  images: values.images,
});
