import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginList } from '@ossea/api-contract';
import { ERRORS } from '@ossea/errors';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../stack/launch-stack.js';

const NAME = 'ossea-plugin-of-tomorrow';

let packageDir: string;
let stack: Stack;

/** The appliance finds plugins by package name: it is told where this one lies, because nobody has installed it. */
const FILES = {
  'plugin.mjs': `export default {
    manifest: { id: 'tomorrow', kind: 'target', displayName: 'Tomorrow', contract: 999, capabilities: [] },
    settings: { safeParse() {} }, placement: { safeParse() {} }, connect() {},
  };`,
  'register.mjs': `import { register } from 'node:module';
    register('./hooks.mjs', import.meta.url);`,
  'hooks.mjs': `export function resolve(specifier, context, next) {
    return specifier === '${NAME}'
      ? { url: new URL('./plugin.mjs', import.meta.url).href, shortCircuit: true }
      : next(specifier, context);
  }`,
};

beforeAll(async () => {
  packageDir = await mkdtemp(join(tmpdir(), 'op-'));
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(packageDir, name), text);
  stack = await Stack.launch({
    vmas: 0,
    omaEnvironment: {
      OSSEA_PLUGIN_PACKAGES: `@ossea/plugin-qemu-target,@ossea/plugin-qemu-source,${NAME}`,
      NODE_OPTIONS: `--import=${join(packageDir, 'register.mjs')}`,
    },
  });
});
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  await rm(packageDir, { recursive: true, force: true });
});

it('is not loaded, says why and what to do, and keeps nobody else away', async () => {
  const { items, failures } = await stack.api.get<PluginList>('/api/v1/plugins');
  expect(items.map(({ id }) => id).sort()).toEqual(['qemu-source', 'qemu-target']);
  expect(failures).toMatchObject([
    {
      packageName: NAME,
      problem: {
        code: 'plugin.contract-version',
        cause: expect.stringMatching(/999/) as string,
        remedy: ERRORS['plugin.contract-version'].remedy,
      },
    },
  ]);
  const settings = {};
  expect(
    await stack.api.problemOf('POST', '/api/v1/connections', {
      name: 'tomorrow',
      kind: 'target',
      pluginId: 'tomorrow',
      settings,
    }),
  ).toMatchObject({ code: 'plugin.unknown', remedy: ERRORS['plugin.unknown'].remedy });
});
