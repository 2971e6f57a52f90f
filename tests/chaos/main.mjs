// npm run chaos -- --suite cloudstack              200 random schedules against CloudStack
// npm run chaos -- --suite cloudstack --seeds 7:7  one of them again, by its number
import { spawn } from 'node:child_process';
import { root } from '../stack/setup.mjs';

/** What each suite runs, and the variable that says how much of it. */
const SUITES = {
  cloudstack: {
    spec: 'tests/integration/cloudstack/random-schedules.spec.ts',
    variable: 'OSSEA_SCHEDULES',
    seeds: '1:200',
  },
};

const args = process.argv.slice(2);
const valueOf = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const suite = SUITES[valueOf('--suite')];
const seeds = valueOf('--seeds') ?? suite?.seeds;
if (!suite || !/^\d+:\d+$/.test(seeds)) {
  console.error(`usage: npm run chaos -- --suite <${Object.keys(SUITES).join('|')}> [--seeds FROM:TO]`);
  process.exit(2);
}
const child = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'integration', '--reporter=verbose', suite.spec],
  { cwd: root, stdio: 'inherit', env: { ...process.env, [suite.variable]: seeds } },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
