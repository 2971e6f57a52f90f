import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = join(root, '.dependency-cruiser.cjs');
const { forbidden } = createRequire(import.meta.url)(config) as { forbidden: { name: string }[] };

/** Rule → the file that breaks it and what it imports. Everything lies in one small house of the same shape. */
const BREACHES: Readonly<Record<string, { file: string; imports: string }>> = {
  'no-circular': { file: 'libs/core/src/a.ts', imports: './b.js' },
  'not-to-unresolvable': { file: 'libs/core/src/lost.ts', imports: './nowhere.js' },
  'errors-is-the-floor': { file: 'libs/errors/src/up.ts', imports: '@ossea/plugin-sdk' },
  'contracts-stand-on-errors': { file: 'libs/plugin-sdk/src/side.ts', imports: '@ossea/copy-engine' },
  'tunnel-stands-on-process': { file: 'libs/tunnel/src/side.ts', imports: '@ossea/plugin-sdk' },
  'qemu-stands-on-process': { file: 'libs/qemu/src/side.ts', imports: '@ossea/plugin-sdk' },
  'core-is-the-bottom': { file: 'libs/core/src/side.ts', imports: '@ossea/qemu' },
  'registry-and-kit-see-the-sdk': { file: 'libs/plugin-registry/src/side.ts', imports: '@ossea/core' },
  'agent-protocol-sees-the-ports': { file: 'libs/agent-protocol/src/side.ts', imports: '@ossea/tunnel' },
  'plugins-know-only-the-sdk': { file: 'plugins/vmware/src/side.ts', imports: '@ossea/core' },
  'kit-only-in-specs': { file: 'plugins/vmware/src/kit.ts', imports: '@ossea/plugin-conformance' },
  'nobody-imports-a-plugin': { file: 'apps/oma/src/plugin.ts', imports: '@ossea/plugin-vmware' },
  'plugins-are-strangers': { file: 'plugins/vmware/src/other.ts', imports: '@ossea/plugin-cloudstack' },
  'native-serves-the-copy-port': { file: 'native/nbd/src/side.ts', imports: '@ossea/plugin-sdk' },
  'apps-are-strangers': { file: 'apps/oma/src/vma.ts', imports: '../../vma/src/index.js' },
  'clients-see-only-the-contract': { file: 'apps/cli/src/side.ts', imports: '@ossea/core' },
  'libs-serve-apps': { file: 'libs/core/src/up.ts', imports: '../../../apps/oma/src/index.js' },
  'one-door-to-ssh': { file: 'apps/oma/src/ssh.ts', imports: 'ssh2' },
  'one-door-to-processes': { file: 'libs/qemu/src/spawn.ts', imports: 'node:child_process' },
  'libs-are-framework-free': { file: 'libs/core/src/nest.ts', imports: '@nestjs/common' },
};
/** What the house must go on allowing. */
const LEGAL: readonly { file: string; imports: string }[] = [
  { file: 'libs/plugin-sdk/src/ok.ts', imports: '@ossea/errors' },
  { file: 'libs/core/src/ok.ts', imports: '@ossea/copy-engine' },
  { file: 'libs/qemu/src/ok.ts', imports: '@ossea/process' },
  { file: 'libs/tunnel/src/run.ts', imports: '@ossea/process' },
  { file: 'plugins/vmware/src/ok.ts', imports: '@ossea/qemu' },
  { file: 'plugins/vmware/src/ok.spec.ts', imports: '@ossea/plugin-conformance' },
  { file: 'native/nbd/src/ok.ts', imports: '@ossea/copy-engine' },
  { file: 'apps/oma/src/ok.ts', imports: '@ossea/core' },
  { file: 'apps/oma/src/nest.ts', imports: '@nestjs/common' },
  { file: 'apps/console/src/ok.ts', imports: '@ossea/api-contract' },
  { file: 'libs/tunnel/src/ok.ts', imports: 'ssh2' },
  { file: 'libs/process/src/ok.ts', imports: 'node:child_process' },
];
const ROOMS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'errors',
      'plugin-sdk',
      'plugin-conformance',
      'plugin-registry',
      'core',
      'copy-engine',
      'api-contract',
    ].map((name) => [`@ossea/${name}`, `libs/${name}`]),
  ),
  ...Object.fromEntries(
    ['agent-protocol', 'tunnel', 'process', 'qemu'].map((name) => [`@ossea/${name}`, `libs/${name}`]),
  ),
  '@ossea/plugin-vmware': 'plugins/vmware',
  '@ossea/plugin-cloudstack': 'plugins/cloudstack',
  '@ossea/nbd-native': 'native/nbd',
};

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}
let house: string;
let violations: Violation[];

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'house-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  };
  const manifest = (name: string, entry: string) =>
    JSON.stringify({ name, type: 'module', exports: { '.': { types: entry, default: entry } } });
  for (const [name, folder] of Object.entries(ROOMS)) {
    put(`${folder}/package.json`, manifest(name, './src/index.ts'));
    put(`${folder}/src/index.ts`, 'export const here = 1;\n');
    put(`node_modules/${name}/package.json`, '');
    rmSync(join(house, 'node_modules', name), { recursive: true });
    execFileSync('ln', ['-s', join(house, folder), join(house, 'node_modules', name)]);
  }
  for (const app of ['oma', 'vma', 'cli', 'console'])
    put(`apps/${app}/src/index.ts`, 'export const here = 1;\n');
  for (const name of ['ssh2', '@nestjs/common']) {
    put(`node_modules/${name}/package.json`, manifest(name, './index.js'));
    put(`node_modules/${name}/index.js`, 'export const here = 1;\n');
  }
  for (const { file, imports } of [...Object.values(BREACHES), ...LEGAL])
    put(file, `import * as it from '${imports}';\nexport const used = it;\n`);
  put('libs/core/src/b.ts', `import * as a from './a.js';\nexport const used = a;\n`);
  put('package.json', '{"name":"house","type":"module"}');
  copyFileSync(join(root, 'tsconfig.base.json'), join(house, 'tsconfig.base.json'));
  const out = execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      config,
      '--output-type',
      'json',
      'apps',
      'libs',
      'plugins',
      'native',
    ],
    { cwd: house, maxBuffer: 64 << 20 },
  );
  violations = (JSON.parse(out.toString()) as { summary: { violations: Violation[] } }).summary.violations;
});
afterAll(() => rmSync(house, { recursive: true, force: true }));

describe('the import rules', () => {
  it('have a breaching fixture each', () => {
    expect(Object.keys(BREACHES).sort()).toEqual(forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(BREACHES))('%s bites', (rule, { file }) => {
    expect(violations.filter(({ from }) => from === file).map((v) => v.rule.name)).toContain(rule);
  });

  it.each(LEGAL)('$file may import $imports', ({ file }) => {
    expect(violations.filter(({ from }) => from === file)).toEqual([]);
  });
});
