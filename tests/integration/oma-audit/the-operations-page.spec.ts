import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryRoot } from '../../stack/repository-root.js';
import { Appliance } from '../oma-shell/appliance.js';

const exec = promisify(execFile);

let oma: Appliance;
let directory = '';
beforeAll(async () => {
  oma = await Appliance.start();
  directory = await mkdtemp(join(tmpdir(), 'ops-'));
  // `ossea` as an operator has it in the path
  const main = join(repositoryRoot, 'apps/cli/dist/main.js');
  await writeFile(join(directory, 'ossea'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
});
afterAll(async () => {
  await oma[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

it('shows commands that work, in this order', async () => {
  await oma.restart();
  for (const file of ['kek', 'audit-anchors.jsonl'])
    await copyFile(join(oma.stateDir, file), join(directory, file));
  const page = await readFile(join(repositoryRoot, 'docs/operations.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);
  expect(blocks.length).toBeGreaterThan(6);
  const told: string[] = [];
  for (const block of blocks) {
    const { stdout } = await exec('/bin/sh', ['-e', '-c', block], {
      cwd: directory,
      env: {
        PATH: `${directory}:/usr/bin:/bin`,
        HOME: directory,
        OSSEA_SERVER: oma.url,
        OSSEA_TOKEN: oma.token ?? '',
      },
    });
    told.push(stdout);
  }
  expect(told.filter((text) => text.startsWith('Intact: '))).toHaveLength(2);
  expect(told.join('')).toContain('secrets.rotate');
  const { size, mode } = await stat(join(directory, 'kek'));
  expect([size, mode & 0o777]).toEqual([32, 0o600]);
});
