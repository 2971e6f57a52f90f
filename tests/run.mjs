// `npm test`: set-up, then every kind of test, one line a stage, and a closing line that counts.
//   npm test                      everything
//   npm test -- unit lint         only these stages (set-up and build run first)
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureVcsim } from './simulators/vcsim/build.mjs';
import { ensureFakeVddk } from './simulators/vddk/build.mjs';
import { build, ensureDebianPackages, ensureNodeModules, root, run } from './stack/setup.mjs';

const args = process.argv.slice(2);
const yes = args.includes('--yes') || process.env.CI === 'true';
const only = args.filter((a) => !a.startsWith('-'));
const reports = join(root, 'reports');
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
/** What failed, said again at the end: the end of a long log is what is kept of it. */
const failedTests = [];

async function stage(name, rerun, body) {
  if (only.length && !only.includes(name)) return;
  const began = Date.now();
  console.log(`\n== ${name}`);
  try {
    await body();
    console.log(`== ${name}: done in ${Math.round((Date.now() - began) / 1000)} s`);
  } catch (error) {
    failures.push(name);
    console.log(
      `== ${name}: FAILED after ${Math.round((Date.now() - began) / 1000)} s: ${error.message.split('\n')[0]}`,
    );
    console.log(`   again with: ${rerun}`);
  }
}

/** A stage that is one check, counted as one test. */
const check = (name, script) =>
  stage(name, `npm run ${script}`, async () => {
    try {
      await run('npm', ['run', '--silent', script], { log: process.stdout });
      total.passed += 1;
    } catch (error) {
      total.failed += 1;
      throw error;
    }
  });

const vitest = (name, env = {}) =>
  stage(name, `npm test -- ${name}`, async () => {
    const report = join(reports, `${name}.json`);
    rmSync(report, { force: true });
    let problem;
    try {
      const project = name.split('-')[0];
      await run(
        process.execPath,
        [
          'node_modules/vitest/vitest.mjs',
          'run',
          '--project',
          project,
          '--reporter=default',
          // most of the time the specs wait for real programs; end to end they measure, and run alone
          `--maxWorkers=${project === 'e2e' ? 1 : 2}`,
          '--reporter=json',
          `--outputFile.json=${report}`,
        ],
        { log: process.stdout, env },
      );
    } catch (error) {
      problem = error;
    }
    const counted = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += counted.numPassedTests;
    total.failed += counted.numFailedTests;
    total.skipped += counted.numPendingTests;
    failedTests.push(...failedIn(counted));
    if (counted.numTotalTests === 0) throw new Error('no test was run');
    if (problem) {
      if (counted.numFailedTests === 0) total.failed += 1;
      throw problem;
    }
  });

/** The failed tests of a report of vitest: file, name, and the first lines of why. */
function failedIn(report) {
  return report.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    const told = failed.map((test) => [test.fullName, test.failureMessages.join('\n')]);
    // a file that could not be run has a message and no tests
    if (told.length === 0 && file.status === 'failed') told.push(['(the file)', file.message ?? '']);
    return told.map(
      ([name, why]) =>
        `${relative(root, file.name)} > ${name}\n    ${why.split('\n').slice(0, 12).join('\n    ')}`,
    );
  });
}

mkdirSync(reports, { recursive: true });
try {
  console.log('== set-up');
  await ensureDebianPackages({ yes, simulators: true, log: process.stdout });
  await ensureNodeModules({ log: process.stdout });
  await build({ log: process.stdout });
  // here, so that a missing compiler fails the run and is never a test that was skipped
  await ensureVcsim({ log: process.stdout });
  await ensureFakeVddk({ log: process.stdout });
} catch (error) {
  console.log(`set-up failed: ${error.message}\n0 passed, 1 failed, 0 skipped`);
  process.exit(1);
}
await check('lint', 'lint');
await vitest('architecture');
await vitest('unit');
await check('console', 'test:console');
await vitest('conformance');
await vitest('contract');
await vitest('integration');
await vitest('e2e');

for (const told of failedTests) console.log(`\nfailed: ${told}`);
if (failures.length) console.log(`\nfailed stages: ${failures.join(', ')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(failures.length || total.failed ? 1 : 0);
