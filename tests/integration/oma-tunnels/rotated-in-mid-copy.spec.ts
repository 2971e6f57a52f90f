import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint } from '@ossea/tunnel';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { TunnelSite, accepts } from './tunnel-site.js';

/* The key of a VMA changes, and again, while it copies a disk: the copy does not notice. */

const DISK_BYTES = 256 << 20;
/** Bytes in a second: it goes on for longer than two keys take. */
const RATE = '40M';
const EXPORT = 'vol';

let site: TunnelSite;
beforeAll(async () => {
  site = await TunnelSite.start();
});
afterAll(() => site[Symbol.asyncDispose]());

it('arrives whole, over connections of three keys', async () => {
  const vma = await site.connectedVma();
  const [source, target] = ['source.raw', 'target.raw'].map((name) => join(site.appliance.stateDir, name));
  const content = randomBytes(DISK_BYTES);
  await writeFile(source!, content);
  await writeFile(target!, '');
  await truncate(target!, DISK_BYTES);
  const path = nbdSocketPath(join(site.appliance.stateDir, 'run'), vma.id);
  const daemon = spawn('qemu-nbd', ['-t', '-e', '8', '-f', 'raw', '-x', EXPORT, '-k', path, target!]);
  const daemonEnded = once(daemon, 'exit');
  site.later(() => (daemon.kill(), daemonEnded));
  await until('qemu-nbd listens', () => accepts({ path }));

  const uri = `nbd+unix:///${EXPORT}?socket=${vma.running.nbdSocketPath}`;
  const copy = spawn('qemu-img', ['convert', '-n', '-r', RATE, '-f', 'raw', '-O', 'raw', source!, uri]);
  const copyEnded = once(copy, 'exit');
  const keys = [vma.fingerprint];
  while (keys.length < 3) {
    const { status } = await site.appliance.call(`admin/vma/rotate-key/${vma.id}`, { method: 'POST' });
    expect(status).toBe(200);
    const key = await until('another key is in use', async () => {
      const now = (await site.vma(vma.id)).fingerprint;
      return keys.includes(now) ? undefined : now;
    });
    keys.push(key);
  }
  // both came while it was copying
  expect(copy.exitCode).toBeNull();
  expect(fingerprint((await new StateFiles(vma.config.stateDir).keyPair()).publicKey)).toBe(keys.at(-1));
  expect((await copyEnded)[0]).toBe(0);
  expect((await readFile(target!)).equals(content)).toBe(true);
});
