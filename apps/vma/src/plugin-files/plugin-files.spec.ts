import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PluginManifest } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PluginFiles } from './plugin-files.js';

const exec = promisify(execFile);
const { signal } = new AbortController();
const manifest: PluginManifest = {
  id: 'p',
  kind: 'source',
  displayName: 'P',
  contract: 1,
  capabilities: [],
  files: [{ id: 'lib', title: 'A library', description: 'Its maker does not let us pass it on.' }],
};
let directory: string;
let files: PluginFiles;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pf-'));
  files = new PluginFiles(join(directory, 'root'), { list: () => [manifest] }, createProcessRunner());
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** An archive as makers pack them: one directory with everything in it. */
async function archiveOf(content: string): Promise<Buffer> {
  const at = join(directory, 'maker', 'lib-1.0');
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'lib.so'), content);
  await exec('tar', ['-czf', join(directory, 'a.tar.gz'), '-C', join(directory, 'maker'), 'lib-1.0']);
  return readFile(join(directory, 'a.tar.gz'));
}
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
async function bring(bytes: Buffer): Promise<void> {
  const half = bytes.length >> 1;
  expect(await files.receive('p', 'lib', 0, bytes.subarray(0, half))).toBe(half);
  expect(await files.receive('p', 'lib', half, bytes.subarray(half))).toBe(bytes.length);
  await files.install('p', 'lib', digest(bytes), signal);
}
const installed = async () => readFile(join((await files.directories('p'))['lib'] ?? '', 'lib.so'), 'utf8');

it('unpacks what was sent in pieces, tells of it, and replaces it by the next', async () => {
  expect(await files.directories('p')).toEqual({});
  expect(await files.list()).toEqual([expect.not.objectContaining({ sha256: expect.anything() as string })]);
  const bytes = await archiveOf('one');
  await bring(bytes);
  expect(await installed()).toBe('one');
  expect(await files.list()).toMatchObject([{ plugin: 'p', file: 'lib', sha256: digest(bytes) }]);
  await bring(await archiveOf('two'));
  expect(await installed()).toBe('two');
  expect((await readdir(join(directory, 'root/p/lib'))).toSorted()).toEqual(['content', 'installed.json']);
});

it('takes away what a process that died while it unpacked has left', async () => {
  await mkdir(join(directory, 'root/p/lib/fresh-dead'), { recursive: true });
  await bring(await archiveOf('one'));
  expect((await readdir(join(directory, 'root/p/lib'))).toSorted()).toEqual(['content', 'installed.json']);
});

it('unpacks once for two who ask at once: the second finds that nothing has arrived', async () => {
  const bytes = await archiveOf('one');
  await files.receive('p', 'lib', 0, bytes);
  const both = await Promise.allSettled([1, 2].map(() => files.install('p', 'lib', digest(bytes), signal)));
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(await installed()).toBe('one');
});

it('says where a piece must begin, and begins anew at 0', async () => {
  await files.receive('p', 'lib', 0, Buffer.alloc(10));
  await expect(files.receive('p', 'lib', 7, Buffer.alloc(1))).rejects.toMatchObject({
    code: 'request.conflict',
    context: { expectedOffset: 10 },
  });
  expect(await files.receive('p', 'lib', 0, Buffer.alloc(3))).toBe(3);
});

it('keeps what is in use when something else arrives than was sent, or no archive', async () => {
  await bring(await archiveOf('good'));
  const junk = Buffer.from('this is no archive');
  await files.receive('p', 'lib', 0, junk);
  const other = digest(Buffer.from('another'));
  await expect(files.install('p', 'lib', other, signal)).rejects.toMatchObject({ code: 'request.invalid' });
  await expect(files.install('p', 'lib', digest(junk), signal)).rejects.toThrow(/no \.tar\.gz/);
  expect(await installed()).toBe('good');
});

it('lets nothing out of its directory', async () => {
  const evil = join(directory, 'evil.tar.gz');
  await writeFile(join(directory, 'out'), 'x');
  await exec('tar', ['-czf', evil, '-P', '-C', directory, '--transform', 's,^,../../../,', 'out']);
  const bytes = await readFile(evil);
  await rm(join(directory, 'out'));
  await files.receive('p', 'lib', 0, bytes);
  await expect(files.install('p', 'lib', digest(bytes), signal)).rejects.toMatchObject({
    code: 'request.invalid',
  });
  expect((await readdir(directory)).toSorted()).toEqual(['evil.tar.gz', 'root']);
});

it.each([
  ['p', 'other'],
  ['q', 'lib'],
  ['..', 'lib'],
])('takes nothing for %s/%s, which nobody wants', async (plugin, file) => {
  await expect(files.receive(plugin, file, 0, Buffer.alloc(1))).rejects.toMatchObject({
    code: 'request.not-found',
  });
});
