// npm run fuzz                                20000 generated requests against the REST API
// npm run fuzz -- --cases 500 --seed 7        so many, and which
import { spawn } from 'node:child_process';
import { root } from '../stack/setup.mjs';

const args = process.argv.slice(2);
const valueOf = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise);
const cases = valueOf('--cases', '20000');
const seed = valueOf('--seed', String(Date.now() % 1_000_000));
if (![cases, seed].every((text) => /^\d+$/.test(text))) {
  console.error('usage: npm run fuzz -- [--cases NUMBER] [--seed NUMBER]');
  process.exit(2);
}
const child = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'integration', 'tests/integration/oma-fuzz'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, OSSEA_FUZZ: `${cases}:${seed}` } },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
