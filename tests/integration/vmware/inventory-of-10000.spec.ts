import { writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plugin } from '@ossea/plugin-vmware';
import { createProcessRunner } from '@ossea/process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';

const VMS = 10_000;
const MIB = 1 << 20;
/** Over what is in use after two passes: pages come and go, nothing piles up. */
const MAX_GROWTH_BYTES = 96 * MIB;
const call = { signal: new AbortController().signal };
let vcsim: Vcsim;
let scratchDir: string;
beforeAll(async () => {
  scratchDir = await mkdtemp(join(tmpdir(), 'vi-'));
  vcsim = await Vcsim.start({ apiVersion: '6.7', hosts: 4, vms: VMS, startTimeoutMs: 240_000 });
}, 300_000);
afterAll(async () => {
  await vcsim?.[Symbol.asyncDispose]();
  await rm(scratchDir, { recursive: true, force: true });
});

it('streams ten thousand machines page by page, in an amount of memory that stays', async () => {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const { host, port, username, password, sha256 } = vcsim;
  const settings = plugin.settings.parse({ host, port, username, password, certificateSha256: sha256 });
  await using session = await plugin.connect(settings, { log, scratchDir, run: createProcessRunner() }, call);
  const pass = async () => {
    const began = performance.now();
    let count = 0;
    let peak = 0;
    let firstMs = 0;
    for await (const { path, power } of session.inventory.list(call)) {
      if (count === 0) firstMs = performance.now() - began;
      expect(path).toMatch(/^DC0/);
      expect(power).toBe('running');
      count += 1;
      if (count % 500 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    }
    return { count, peak, firstMs: Math.round(firstMs), ms: Math.round(performance.now() - began) };
  };
  // the heap has its size after two passes, not after one
  const first = await pass();
  const settled = Math.max(first.peak, (await pass()).peak);
  await vcsim.clearCalls();
  const passes = [await pass(), await pass(), await pass()];
  const figures = passes.map(({ peak, ...rest }) => ({ ...rest, rssMib: Math.round(peak / MIB) }));
  writeSync(1, `inventory of ${VMS} machines: ${JSON.stringify({ first, passes: figures })}\n`);
  for (const { count, peak, firstMs, ms } of passes) {
    expect(count).toBe(VMS);
    expect(peak - settled).toBeLessThan(MAX_GROWTH_BYTES);
    // the first machine is there long before the last
    expect(firstMs).toBeLessThan(ms / 2);
  }
  const { ContinueRetrievePropertiesEx: pages = 0 } = await vcsim.calls();
  expect(pages).toBeGreaterThan(3 * 20);
}, 180_000);
