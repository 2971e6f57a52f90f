import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Our packages resolve to their sources, so a unit test never sees a stale build. */
const ourSources = {
  name: 'our-sources',
  enforce: 'pre' as const,
  resolveId(id: string) {
    const match = /^@ossea\/([a-z-]+)(\/testing)?$/.exec(id);
    if (!match) return undefined;
    const [, name = '', inner = ''] = match;
    const folders = [
      `libs/${name}`,
      ...(name === 'nbd-native' ? ['native/nbd'] : []),
      ...(name.startsWith('plugin-') ? [`plugins/${name.slice('plugin-'.length)}`] : []),
    ];
    return folders.map((folder) => `${root}${folder}/src${inner}/index.ts`).find((file) => existsSync(file));
  },
};

const project = (name: string, include: string[], more: object = {}) => ({
  extends: true as const,
  test: { name, include, environment: 'node' as const, ...more },
});

export default defineConfig({
  plugins: [ourSources],
  oxc: {
    decorator: { legacy: true, emitDecoratorMetadata: true },
    assumptions: { setPublicClassFields: true },
    typescript: { removeClassFieldsWithoutInitializer: true },
  },
  test: {
    projects: [
      project('unit', ['{apps/oma,apps/vma,apps/cli,libs/*,native/*,plugins/*}/src/**/*.spec.ts'], {
        exclude: ['**/conformance.spec.ts', '**/kit.spec.ts'],
      }),
      project('architecture', ['tests/architecture/**/*.spec.ts'], { testTimeout: 120_000 }),
      project(
        'conformance',
        [
          'plugins/*/src/**/conformance.spec.ts',
          'tests/conformance/*.spec.ts',
          'libs/plugin-conformance/src/kit.spec.ts',
        ],
        { testTimeout: 120_000, hookTimeout: 300_000 },
      ),
      project('contract', ['tests/contract/**/*.spec.ts'], { testTimeout: 120_000, hookTimeout: 120_000 }),
      project('integration', ['tests/integration/**/*.spec.ts', 'native/*/test/**/*.spec.ts'], {
        testTimeout: 180_000,
        hookTimeout: 120_000,
      }),
      project('e2e', ['tests/e2e/**/*.spec.ts'], {
        testTimeout: 900_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
    ],
  },
});
