import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretPaths, settingsJsonSchema } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QemuCatalog } from './catalog.js';
import { DEFAULT_NETWORK, type IsolatedNetworks } from './isolated-networks.js';
import { placementSchema, settingsSchema } from './settings.js';

const options = { signal: new AbortController().signal };
const networks = {
  list: () => Promise.resolve([DEFAULT_NETWORK, { ref: 'n-1', name: 'lab', isolated: true }]),
} as unknown as IsolatedNetworks;

describe('the catalog', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const catalog = (freeBytes: number, poolDir = directory): QemuCatalog =>
    new QemuCatalog({ poolDir, machinesDir: directory }, networks, () => Promise.resolve(freeBytes));
  const placement = placementSchema.parse({});

  it('finds nothing against a placement that works', async () => {
    expect(await catalog(2 ** 40).validate(placement, options)).toEqual([]);
  });

  it('offers networks by their reference and tells isolated ones apart', async () => {
    expect(await catalog(2 ** 40).choices('network', options)).toEqual([
      { value: 'default', label: 'default' },
      { value: 'n-1', label: 'lab (isolated)' },
    ]);
    expect(await catalog(2 ** 40).choices('toString', options)).toEqual([]);
  });

  it.each([
    [1024 ** 3, 'warning'],
    [1024 ** 2, 'blocker'],
  ])('with %d bytes free says so as a %s', async (free, severity) => {
    expect(await catalog(free).validate(placement, options)).toMatchObject([
      { code: 'storage.full', severity },
    ]);
  });

  it('blocks an unknown network, a missing directory and nonsense', async () => {
    const good = catalog(2 ** 40);
    expect(await good.validate({ ...placement, network: 'gone' }, options)).toMatchObject([
      { code: 'network.unmapped', severity: 'blocker' },
    ]);
    expect(await good.validate({ format: 'vmdk' } as never, options)).toMatchObject([
      { code: 'request.invalid', severity: 'blocker' },
    ]);
    expect(await catalog(2 ** 40, join(directory, 'gone')).validate(placement, options)).toMatchObject([
      { code: 'config.invalid', severity: 'blocker' },
    ]);
  });
});

describe('the settings', () => {
  it('want two absolute paths and nothing else', () => {
    const good = { poolDir: '/pool', machinesDir: '/machines' };
    expect(settingsSchema.safeParse(good).success).toBe(true);
    const deep = { ...good, machinesDir: `/${'d'.repeat(74)}` };
    for (const bad of [{}, { ...good, poolDir: 'pool' }, { ...good, more: 1 }, deep])
      expect(settingsSchema.safeParse(bad).success).toBe(false);
  });

  it('carry a title each, and no secret', () => {
    for (const schema of [settingsSchema, placementSchema]) {
      const { properties } = settingsJsonSchema(schema) as { properties: Record<string, { title?: string }> };
      for (const [name, { title }] of Object.entries(properties)) expect(title, name).toBeTruthy();
      expect(secretPaths(schema)).toEqual([]);
    }
  });
});
