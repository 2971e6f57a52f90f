import { execFile } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Job } from '@ossea/api-contract';
import { ERRORS, type ErrorCode } from '@ossea/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileSha256 } from '../stack/digests.js';
import { Stack } from '../stack/launch-stack.js';
import type { Site } from '../stack/site.js';
import { defineStopped, randomFile } from '../stack/stopped-machine.js';
import { QemuTargetHost } from '../stack/target-host.js';
import { cycleOf, foldedSha256 } from '../stack/witness.js';

const exec = promisify(execFile);
const MIB = 1 << 20;

let stack: Stack;
let site: Site;
beforeAll(async () => {
  stack = await Stack.launch({ guest: 'none', say: console.log });
  site = stack.sites[0]!;
});
afterAll(() => stack?.[Symbol.asyncDispose]());

const disk = (name: string) => join(site.directory, name);

/** Everything that a person needs: what is wrong, a name for it, and what to do now. */
function expectProblem(problem: Job['problem'], code: ErrorCode, cause: RegExp): void {
  expect(problem).toMatchObject({
    code,
    status: ERRORS[code].status,
    remedy: ERRORS[code].remedy,
    cause: expect.stringMatching(cause) as string,
  });
  expect(problem?.correlationId).toMatch(/^\S+$/);
}

/** A cycle that must fail; the machine can be released or retried afterwards, and no delta, export or hold is left. */
async function failedCycle(contextId: string): Promise<Job['problem']> {
  const job = await stack.api.ended(await stack.replicate(contextId));
  expect(job.state).toBe('failed');
  const { exports, deltas, holds } = await stack.leftBehind();
  expect({ exports, deltas, holds }).toEqual({ exports: [], deltas: [], holds: [] });
  return job.problem;
}

describe('connections', () => {
  const target = (settings: object, pluginId = 'qemu-target') => ({
    name: `t-${Math.random()}`,
    kind: 'target',
    pluginId,
    settings,
  });
  const post = (body: object) => stack.api.problemOf('POST', '/api/v1/connections', body);

  it('with a wrong setting name it', async () => {
    const { directory: base } = stack;
    const problem = await post(target({ poolDir: 'relative', machinesDir: join(base, 'm2') }));
    expectProblem(problem, 'config.invalid', /./);
    expect(JSON.stringify(problem)).toContain('/settings/poolDir');
  });

  it('with a setting that nobody knows name it', async () => {
    const { directory: base } = stack;
    const settings = { poolDir: join(base, 'p2'), machinesDir: join(base, 'm2'), colour: 'red' };
    const problem = await post(target(settings));
    expectProblem(problem, 'config.invalid', /./);
    expect(JSON.stringify(problem)).toContain('colour');
  });

  it('without a setting that is needed name it', async () => {
    const problem = await post(target({ machinesDir: join(stack.directory, 'm2') }));
    expect(['config.missing', 'config.invalid']).toContain(problem.code);
    expect(problem.remedy).not.toBe('');
    expect(JSON.stringify(problem)).toContain('poolDir');
  });

  it('of an unknown plugin say which are there, or how to get it', async () => {
    expectProblem(await post(target({}, 'no-such-cloud')), 'plugin.unknown', /no-such-cloud/);
  });
});

describe('disks', () => {
  it.each([0, 513])('of %i bytes are refused before anything is made', async (bytes) => {
    const file = disk(`odd-${bytes}.raw`);
    await writeFile(file, Buffer.alloc(bytes, 1));
    await defineStopped(site.host, `odd-${bytes}`, [{ key: 'vda', file, format: 'raw' }]);
    const { id } = await stack.manage(site, `odd-${bytes}`);
    expectProblem(await failedCycle(id), 'disk.size-invalid', new RegExp(`${bytes} bytes`));
    expect((await stack.context(id)).disks.map(({ volumeRef }) => volumeRef)).toEqual([undefined]);
  });

  it('of 64 TiB are copied, or refused where no file can be as large', async () => {
    const file = disk('huge.qcow2');
    await exec('qemu-img', ['create', '-q', '-f', 'qcow2', file, '64T']);
    await defineStopped(site.host, 'huge', [{ key: 'vda', file, format: 'qcow2' }]);
    const { id } = await stack.manage(site, 'huge');
    const canHold = await truncate(await emptyFile(), 64 * 1024 ** 4).then(
      () => true,
      () => false,
    );
    if (canHold) expect(cycleOf(await stack.cycle(id)).kind).toBe('full');
    else expectProblem(await failedCycle(id), 'disk.too-large', /./);
  });

  it('that have outgrown their volume are refused, and what was copied stays', async () => {
    const file = disk('grows.raw');
    await randomFile(file, 24 * MIB);
    await defineStopped(site.host, 'grows', [{ key: 'vda', file, format: 'raw' }]);
    const { id } = await stack.manage(site, 'grows');
    const before = await fileSha256(file);
    const { sequence } = cycleOf(await stack.cycle(id));
    await truncate(file, 32 * MIB);
    expectProblem(await failedCycle(id), 'disk.size-mismatch', /./);
    expect(await foldedSha256(stack, id, sequence)).toEqual([before]);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a target whose file system is full', () => {
  let small: string;
  beforeAll(async () => {
    small = join(stack.directory, 'small');
    await mkdir(small);
    await exec('mount', ['-t', 'tmpfs', '-o', 'size=2g', 'tmpfs', small]);
  });
  // lazily: a daemon may have it open for a moment longer
  afterAll(() => exec('umount', ['-l', small]).catch(() => undefined));

  it('says so, keeps what was copied, and goes on when there is room', async () => {
    const target = new QemuTargetHost(join(small, 'p'), join(stack.directory, 'm3'), 'a small target');
    const targetId = await target.connect(stack.api);
    const file = disk('full.raw');
    await randomFile(file, 64 * MIB);
    await defineStopped(site.host, 'full', [{ key: 'vda', file, format: 'raw' }]);
    const { id } = await stack.manage(site, 'full', { targetConnectionId: targetId });
    // it was large enough when the machine was added, or that would have been refused
    await exec('mount', ['-o', 'remount,size=24m', small]);
    const job = await stack.api.ended(await stack.replicate(id));
    expect(job.state).toBe('failed');
    expectProblem(job.problem, 'storage.full', /./);
    expect((await stack.context(id)).state).toBe('faulted');

    await exec('mount', ['-o', 'remount,size=160m', small]);
    await stack.api.run(`/api/v1/vm-contexts/${id}/retry`);
    const { state, lastCycle } = await stack.context(id);
    expect({ state, kind: lastCycle?.kind }).toEqual({ state: 'in-sync', kind: 'full' });
    const sequence = lastCycle?.sequence ?? 0;
    expect(await foldedSha256(stack, id, sequence, target)).toEqual([await fileSha256(file)]);
  });
});

async function emptyFile(): Promise<string> {
  const file = join(stack.scratchDir, 'probe.raw');
  await writeFile(file, '');
  return file;
}
