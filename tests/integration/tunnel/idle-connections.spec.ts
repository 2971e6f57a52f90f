import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { flood } from './idle-flood.js';
import { startSite, until } from './site.js';
import { addVmaWithDisk, diskOwner } from './vma-with-disk.js';

/*
 * Invariant S12 at the tunnel: 200 connections from the VMA's own address that never say a word, and come back when
 * they are cut. `npm run bench:idle-connections` measures what they cost a copy.
 */
const COPY_BYTES = 192 << 20;
const LOG_INS = 8;
const WITHIN = { timeoutMs: 10_000 };
const exec = promisify(execFile);

it('lets every VMA in and breaks no copy while 200 idle connections come again and again', async () => {
  await using site = await startSite();
  const { nbdPath, exportName, connect } = await addVmaWithDisk(site, 'copying', COPY_BYTES);
  await connect();
  await until('the tunnel carries', () => diskOwner(nbdPath, exportName));
  const [source, target] = [join(site.directory, 'source'), join(site.directory, 'copying-raw')];
  await writeFile(source, randomBytes(COPY_BYTES));
  const attack = await flood(site);

  const uri = `nbd+unix:///${exportName}?socket=${nbdPath}`;
  let copied = false;
  const copy = exec('nbdcopy', ['--flush', source, uri]).then(() => (copied = true));
  const cutBefore = attack.cut();
  for (let i = 0; i < LOG_INS; i += 1) {
    const vma = await addVmaWithDisk(site, `late-${i}`);
    await vma.connect();
    const owner = await until(`${vma.id} is in`, () => diskOwner(vma.nbdPath, vma.exportName), WITHIN);
    expect(owner).toBe(vma.id);
  }
  await copy;
  expect(copied).toBe(true);
  expect((await readFile(target)).equals(await readFile(source))).toBe(true);
  // it came again all the while
  expect(attack.cut()).toBeGreaterThan(cutBefore);
});
