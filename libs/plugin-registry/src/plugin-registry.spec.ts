import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CONTRACT_VERSION } from '@ossea/plugin-sdk';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PluginRegistry } from './index.js';

const settings = z.strictObject({ host: z.string() });
const manifest = {
  id: 'some-cloud',
  kind: 'target',
  displayName: 'Some cloud',
  contract: CONTRACT_VERSION,
  capabilities: ['volumeSnapshots'],
};
const connect = (): Promise<never> => Promise.reject(new Error('not in this test'));
const good = { manifest, settings, placement: settings, connect };
const named = (id: string, kind = 'target') => ({ ...good, manifest: { ...manifest, id, kind } });

/** Loads packages that exist only in this test. */
function load(modules: Record<string, () => unknown>, timeoutMs = 1_000): Promise<PluginRegistry> {
  return PluginRegistry.load({
    packages: Object.keys(modules),
    import: async (name) => modules[name]?.(),
    timeoutMs,
  });
}

it('finds plugins by id and kind, and lists what there is', async () => {
  const registry = await load({
    '@ossea/plugin-b': () => ({ default: named('b') }),
    '@ossea/plugin-a': () => ({ plugin: named('a') }),
    'plugin-b-source': () => ({ default: named('b', 'source') }),
  });
  expect(registry.failures).toEqual([]);
  expect(registry.list().map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'source b',
    'target a',
    'target b',
  ]);
  expect(registry.get('b', 'target').placement).toBe(settings);
  expect(registry.get('b', 'source').manifest.kind).toBe('source');
  expect(() => registry.get('a', 'source')).toThrow(expect.objectContaining({ code: 'plugin.unknown' }));
});

it.each(['__proto__', 'constructor', 'toString', '', 'no-such'])('does not know "%s"', async (id) => {
  const registry = await load({ 'plugin-a': () => ({ default: named('a') }) });
  expect(() => registry.get(id, 'target')).toThrow(expect.objectContaining({ code: 'plugin.unknown' }));
});

const cyclic: Record<string, unknown> = { ...manifest };
cyclic.capabilities = [cyclic];
let mood = 0;
const moody = {
  ...manifest,
  get displayName() {
    return `mood ${(mood += 1)}`;
  },
};

describe('a bad plugin is named and does not take the others down', () => {
  const bad: [string, string, () => unknown][] = [
    ['exports nothing', 'plugin.broken-contract', () => ({})],
    ['exports null', 'plugin.broken-contract', () => ({ default: null })],
    ['exports a function', 'plugin.broken-contract', () => ({ default: () => good })],
    ['is undefined', 'plugin.broken-contract', () => undefined],
    [
      'throws at load',
      'plugin.broken-contract',
      () => {
        throw new Error('boom');
      },
    ],
    ['throws what is no error', 'plugin.broken-contract', () => Promise.reject('boom')],
    ['never resolves', 'plugin.broken-contract', () => new Promise(() => undefined)],
    [
      'is written for contract 0',
      'plugin.contract-version',
      () => ({ default: { ...good, manifest: { ...manifest, contract: 0 } } }),
    ],
    [
      'is written for contract "1"',
      'plugin.contract-version',
      () => ({ default: { ...good, manifest: { ...manifest, contract: '1' } } }),
    ],
    [
      'names no contract',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: { ...manifest, contract: undefined } } }),
    ],
    ['has no manifest', 'plugin.broken-contract', () => ({ default: { ...good, manifest: undefined } })],
    ['has a cyclic manifest', 'plugin.broken-contract', () => ({ default: { ...good, manifest: cyclic } })],
    [
      'has a manifest with moods',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: moody } }),
    ],
    [
      'has a manifest of a class',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: Object.assign(new (class Manifest {})(), manifest) } }),
    ],
    [
      'has a prototype key',
      'plugin.broken-contract',
      () => ({
        default: {
          ...good,
          manifest: JSON.parse(`{"__proto__":{"x":1},${JSON.stringify(manifest).slice(1)}`) as unknown,
        },
      }),
    ],
    [
      'has an unknown key',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: { ...manifest, postinstall: 'x' } } }),
    ],
    [
      'has a huge manifest',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: { ...manifest, displayName: 'x'.repeat(1e6) } } }),
    ],
    ['has another kind', 'plugin.broken-contract', () => ({ default: named('a', 'sauce') })],
    [
      'has a capability twice',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: { ...manifest, capabilities: ['a', 'a'] } } }),
    ],
    [
      'has a capability named __proto__',
      'plugin.broken-contract',
      () => ({ default: { ...good, manifest: { ...manifest, capabilities: ['__proto__'] } } }),
    ],
    ['has no settings', 'plugin.broken-contract', () => ({ default: { ...good, settings: {} } })],
    ['has no placement', 'plugin.broken-contract', () => ({ default: { ...good, placement: undefined } })],
    ['has no connect', 'plugin.broken-contract', () => ({ default: { ...good, connect: 'no' } })],
    ...[
      'Upper',
      'under_score',
      '../up',
      '/abs',
      'file:x',
      '\\\\host\\share',
      'nul\0',
      '-dash',
      'a--b',
      '',
      'constructor',
      '__proto__',
      'ü',
    ].map((id): [string, string, () => unknown] => [
      `has the id ${JSON.stringify(id)}`,
      'plugin.broken-contract',
      () => ({ default: named(id) }),
    ]),
  ];
  it.each(bad)('%s', async (_what, code, bring) => {
    const registry = await load(
      { 'plugin-good': () => ({ default: named('good') }), 'plugin-bad': bring },
      50,
    );
    expect(registry.list().map(({ id }) => id)).toEqual(['good']);
    expect(registry.failures).toMatchObject([{ packageName: 'plugin-bad', error: { code } }]);
  });
});

it('of two plugins with one id the first is used, whatever loads faster', async () => {
  const registry = await load({
    'plugin-slow': () => new Promise((resolve) => setTimeout(() => resolve({ default: named('same') }), 20)),
    'plugin-fast': () => ({
      default: { ...named('same'), manifest: { ...manifest, id: 'same', displayName: 'Fast' } },
    }),
  });
  expect(registry.get('same', 'target').manifest.displayName).toBe('Some cloud');
  expect(registry.failures).toMatchObject([
    { packageName: 'plugin-fast', error: { code: 'plugin.broken-contract' } },
  ]);
});

it.each([
  '../evil',
  '/etc/evil.js',
  'file:///evil.js',
  'data:text/javascript,1',
  'node:fs',
  'a/../b',
  'nul\0',
  '@x',
  'x'.repeat(300),
  '',
])('imports no path or URL: %j', async (name) => {
  let asked = 0;
  const registry = await PluginRegistry.load({ packages: [name], import: async () => (asked += 1) });
  expect(asked).toBe(0);
  expect(registry.failures).toMatchObject([{ error: { code: 'plugin.broken-contract' } }]);
});

it('cannot say something else later, and keeps its own this', async () => {
  const plugin = {
    ...named('late'),
    secret: 42,
    async connect(this: { secret: number }): Promise<number> {
      return this.secret;
    },
  };
  const registry = await load({ 'plugin-late': () => ({ default: plugin }) });
  plugin.manifest = { ...plugin.manifest, id: 'other' };
  const found = registry.get('late', 'target');
  expect(found.manifest.id).toBe('late');
  expect(() => Object.assign(found.manifest, { id: 'x' })).toThrow(TypeError);
  await expect((found as unknown as { connect(): Promise<number> }).connect()).resolves.toBe(42);
});

it('imports real packages by name, and tells a missing one from one that misses something', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ossea-registry-'));
  try {
    const make = async (name: string, body: string): Promise<void> => {
      const folder = join(dir, 'node_modules', name);
      await mkdir(folder, { recursive: true });
      await writeFile(
        join(folder, 'package.json'),
        JSON.stringify({ name, type: 'module', exports: './index.js' }),
      );
      await writeFile(join(folder, 'index.js'), body);
    };
    const shape = `settings: { safeParse() {} }, connect() {}`;
    const source = { ...manifest, id: 'real', kind: 'source' };
    await make('plugin-real', `export default { manifest: ${JSON.stringify(source)}, ${shape} };`);
    await make('plugin-needy', `import 'no-such-dependency'; export default {};`);
    await writeFile(join(dir, 'from-here.mjs'), 'export default (name) => import(name);');
    const from = (await import(pathToFileURL(join(dir, 'from-here.mjs')).href)) as {
      default: (name: string) => Promise<unknown>;
    };
    const registry = await PluginRegistry.load({
      packages: ['plugin-real', 'plugin-needy', 'plugin-absent'],
      import: from.default,
    });
    expect(registry.list()).toEqual([source]);
    expect(registry.failures).toMatchObject([
      { packageName: 'plugin-needy', error: { code: 'plugin.broken-contract' } },
      { packageName: 'plugin-absent', error: { code: 'plugin.unknown' } },
    ]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
