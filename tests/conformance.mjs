// npm run conformance -- <plugin>     holds one plugin to the whole kit, clause by clause
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack/setup.mjs';

/** Beside the plugin, or here for one whose platform is simulated. */
const specOf = (plugin) =>
  [
    join('plugins', plugin, 'src', 'conformance.spec.ts'),
    join('tests', 'conformance', `${plugin}.spec.ts`),
  ].find((spec) => existsSync(join(root, spec)));
const known = readdirSync(join(root, 'plugins')).filter(specOf);
const [plugin] = process.argv.slice(2);
if (!known.includes(plugin)) {
  console.error(`usage: npm run conformance -- <${known.join('|')}>`);
  process.exit(2);
}
const args = ['run', '--project', 'conformance', '--reporter=verbose', specOf(plugin)];
const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
  cwd: root,
  stdio: 'inherit',
});
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
