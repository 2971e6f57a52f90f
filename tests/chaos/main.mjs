// npm run chaos -- --suite cloudstack              200 random schedules against CloudStack
// npm run chaos -- --suite cloudstack --seeds 7:7  one of them again, by its number
// npm run chaos -- --suite tunnel                  20 × 10 s, 5 × 2 min and 1 × 20 min of faults between OMA and VMA
// npm run chaos -- --suite tunnel --rounds 20x10   some of them; --seed 7 draws the faults in another order
import { spawn } from 'node:child_process';
import { root } from '../stack/setup.mjs';

/** What each suite runs, and its options: the variable that each becomes, its form and what it is unless told. */
const SUITES = {
  cloudstack: {
    spec: 'tests/integration/cloudstack/random-schedules.spec.ts',
    options: { '--seeds': { variable: 'OSSEA_SCHEDULES', form: /^\d+:\d+$/, usual: '1:200' } },
  },
  tunnel: {
    spec: 'tests/integration/tunnel-healing/comes-back.spec.ts',
    options: {
      '--rounds': {
        variable: 'OSSEA_TUNNEL_ROUNDS',
        form: /^\d+x\d+(,\d+x\d+)*$/,
        usual: '20x10,5x120,1x1200',
      },
      '--seed': { variable: 'OSSEA_TUNNEL_SEED', form: /^\d+$/, usual: '1' },
    },
  },
};

const args = process.argv.slice(2);
const valueOf = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const suite = SUITES[valueOf('--suite')];
const chosen = Object.entries(suite?.options ?? {}).map(([name, { variable, form, usual }]) => ({
  variable,
  form,
  value: valueOf(name) ?? usual,
}));
if (!suite || chosen.some(({ form, value }) => !form.test(value))) {
  const options = Object.entries(SUITES).map(
    ([name, { options }]) =>
      `${name} ${Object.keys(options)
        .map((option) => `[${option} …]`)
        .join(' ')}`,
  );
  console.error(`usage: npm run chaos -- --suite <suite>, one of:\n  ${options.join('\n  ')}`);
  process.exit(2);
}
const child = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'integration', '--reporter=verbose', suite.spec],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...Object.fromEntries(chosen.map(({ variable, value }) => [variable, value])) },
  },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
