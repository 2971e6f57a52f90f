import { MigrationError } from '@ossea/errors';
import type { PluginContext } from '@ossea/plugin-sdk';
import { expect, it } from 'vitest';
import { dumpPlugin, isAtLeast } from './plugin-dump.js';

const call = { signal: new AbortController().signal };
const context = (exec: () => Promise<{ stdout: string; stderr: string }>) =>
  ({ run: { exec } }) as unknown as PluginContext;

it('reads the last word on everything, because VDDK’s plugin says it twice', async () => {
  const stdout = 'name=vddk\nversion=1.42.3\nnoise\nname=vddk\nversion=1.42.3\nvddk_dll=/a=b\n';
  const dump = await dumpPlugin(
    context(async () => ({ stdout, stderr: '' })),
    'vddk',
    [],
    call,
  );
  expect(dump).toEqual({
    facts: new Map([
      ['name', 'vddk'],
      ['version', '1.42.3'],
      ['vddk_dll', '/a=b'],
    ]),
  });
});

it('says why there is nothing to read', async () => {
  const failing = (error: MigrationError) =>
    dumpPlugin(
      context(() => Promise.reject(error)),
      'nfc',
      [],
      call,
    );
  expect(await failing(new MigrationError('process.missing', 'x'))).toMatchObject({
    because: expect.stringContaining('nbdkit is not installed') as string,
  });
  const said = new Error("nbdkit: error: cannot open plugin 'nfc'");
  expect(await failing(new MigrationError('process.failed', 'x', { cause: said }))).toMatchObject({
    because: expect.stringMatching(/plugin of nbdkit is not installed.*cannot open plugin 'nfc'/) as string,
  });
  expect(await failing(new MigrationError('process.failed', 'nbdkit failed (SIGSEGV)'))).toMatchObject({
    because: expect.stringMatching(
      /cannot load its plugin "nfc"\. It said: nbdkit failed \(SIGSEGV\)/,
    ) as string,
  });
  await expect(failing(new MigrationError('call.aborted', 'x'))).rejects.toMatchObject({
    code: 'call.aborted',
  });
});

it.each([
  ['1.42.3', true],
  ['1.42', true],
  ['2.0', true],
  ['1.41.99', false],
  ['1.32.5', false],
  ['unknown', false],
])('%s is at least 1.42: %s', (version, expected) => expect(isAtLeast(version, [1, 42])).toBe(expected));
