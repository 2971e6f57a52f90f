import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type {
  Connection,
  ConnectionTest,
  DescribedVm,
  Job,
  LogPage,
  PluginFileList,
  RecoveryPointPage,
} from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureFakeVddk } from '../simulators/vddk/build.mjs';
import { filesWith, formsOf, processesWith } from '../stack/canary.js';
import { imagesSha256, rawFile } from '../stack/digests.js';
import { GuestWriter } from '../stack/guest-writer.js';
import { HeldCopy } from '../stack/held-copy.js';
import { Stack } from '../stack/launch-stack.js';
import { until } from '../stack/probe.js';
import type { Site } from '../stack/site.js';
import { SAMPLE_VM, VmwareSample } from '../stack/vmware-sample.js';
import { cycleOf, foldedSha256 } from '../stack/witness.js';

/*
 * A machine of a simulated vCenter with two flat disks of real content, through VMA, tunnel and OMA to a QEMU target,
 * while its files change. The disks are read over HTTPS from the datastore; changed areas come seven an answer.
 */

const MIB = 1 << 20;
const exec = promisify(execFile);
let stack: Stack;
let sample: VmwareSample;
let site: Site;
let writer: GuestWriter;
let contextId = '';

beforeAll(async () => {
  sample = await VmwareSample.make({ maxAreas: 7, diskBytes: 64 * MIB });
  writer = new GuestWriter(sample, 64 * MIB);
  for (const disk of sample.disks) await writer.fill(disk, 24 * MIB);
  stack = await Stack.launch({ guest: 'none', say: console.log });
  const first = stack.sites[0]!;
  const { host, port, username, password, sha256 } = sample.vcsim;
  const { id } = await stack.api.post<Connection>('/api/v1/connections', {
    name: 'A vCenter',
    kind: 'source',
    pluginId: 'vmware',
    vmaId: first.vmaId,
    settings: { host, port, username, password, certificateSha256: sha256 },
  });
  site = Object.assign(Object.create(Object.getPrototypeOf(first)) as Site, first, { connectionId: id });
  writer.start();
});
afterAll(async () => {
  await writer?.stop();
  await stack?.[Symbol.asyncDispose]();
  await sample?.[Symbol.asyncDispose]();
});

async function daemonPid(): Promise<number | undefined> {
  const { processes } = await stack.leftBehind();
  return processes.find(({ what }) => what.includes(site.vmaId))?.pid;
}

/** The copy that a cycle makes, held, and the files that its snapshot froze. */
async function heldAtSnapshot(known: number | undefined): Promise<{ held: HeldCopy; files: string[] }> {
  for (;;) {
    await until('a snapshot stands', async () => (await sample.frozenFiles()).length === 2, { everyMs: 1 });
    const held = new HeldCopy(known ?? (await until('the storage daemon runs', daemonPid, { everyMs: 5 })));
    const files = await sample.frozenFiles();
    if (files.length === 2) return { held, files };
    // it was the one that switches change tracking on
    held.release();
  }
}

/** A cycle that is held while its snapshot stands, so that somebody else can read the frozen files. */
async function witnessed(during: () => Promise<void> = async () => undefined): Promise<Job> {
  // known before the first byte is copied, except in the first cycle, which takes long enough
  const known = await daemonPid();
  const started = await stack.replicate(contextId);
  const { held, files } = await heldAtSnapshot(known);
  let sourceSha256: string[];
  try {
    sourceSha256 = await imagesSha256(files.map(rawFile), stack.scratchDir);
    await during();
  } finally {
    held.release();
  }
  const job = await stack.api.succeeded(started);
  expect(await foldedSha256(stack, contextId, cycleOf(job).sequence)).toEqual(sourceSha256);
  return job;
}

async function lastPoint(): Promise<RecoveryPointPage['items'][number]> {
  const { items } = await stack.api.get<RecoveryPointPage>(
    `/api/v1/vm-contexts/${contextId}/recovery-points?limit=1`,
  );
  return items[0]!;
}

it('says before anything is managed what the account may do, and how each disk will be read', async () => {
  const { privileges } = await stack.api.post<ConnectionTest>(
    `/api/v1/connections/${site.connectionId}/test`,
  );
  expect(privileges?.length).toBeGreaterThan(8);
  expect(privileges?.filter(({ required, granted }) => required && !granted)).toEqual([]);
  const described = await stack.api.post<DescribedVm>('/api/v1/discovery/describe-vm', {
    connectionId: site.connectionId,
    vmId: sample.vm,
  });
  expect(described).toMatchObject({ name: SAMPLE_VM, guestTools: 'running', snapshots: [] });
  expect(described.disks.map(({ sizeBytes }) => sizeBytes)).toEqual([64 * MIB, 64 * MIB]);
  const readers = described.concerns.filter(({ code }) => code === 'disk.reader');
  expect(readers.map(({ message }) => message)).toEqual([
    expect.stringMatching(/"Hard disk 1" is read by the datastore over HTTPS.*VDDK cannot/),
    expect.stringMatching(/"Hard disk 2" is read by the datastore over HTTPS.*VDDK cannot/),
  ]);
  contextId = (await stack.manage(site, sample.vm)).id;
});

it('replicates in full, then three times what changed, with equal digests while the files change', async () => {
  expect(cycleOf(await witnessed())).toMatchObject({ kind: 'full' });
  for (let round = 0; round < 3; round += 1) {
    await writer.written(12);
    await sample.vcsim.clearCalls();
    const cycle = cycleOf(await witnessed());
    expect(cycle.kind).toBe('incremental');
    expect(cycle.bytesChanged).toBeLessThan(64 * MIB);
    // two disks, and more areas on each than one answer holds
    expect((await sample.vcsim.calls())['QueryChangedDiskAreas']).toBeGreaterThan(4);
  }
  expect((await lastPoint()).consistency).toEqual({ level: 'guest-flushed' });
});

it('goes on in the same copy when the session expires in the middle', async () => {
  await writer.written(12);
  const job = await witnessed(async () => {
    await sample.vcsim.expireSessions();
  });
  expect(cycleOf(job).kind).toBe('incremental');
  expect(job.steps?.filter(({ name }) => name === 'copy-disks').length).toBeLessThanOrEqual(2);
});

it('copies in full, and says why, once change tracking began anew', async () => {
  await sample.vcsim.resetTracking(SAMPLE_VM);
  const job = await witnessed();
  expect(cycleOf(job).kind).toBe('full');
  for (const disk of (await lastPoint()).disks)
    expect(disk).toMatchObject({
      kind: 'full',
      reason: 'tracking-reset',
      because: expect.stringMatching(/began anew since: its epoch was .+ and is .+/) as string,
    });
  const { items } = await stack.api.get<LogPage>(`/api/v1/jobs/${job.id}/log?limit=100`);
  expect(JSON.stringify(items)).toContain('tracking-reset');
  expect(cycleOf(await witnessed()).kind).toBe('incremental');
});

it('tells the password nowhere, and leaves no snapshot', async () => {
  const forms = formsOf(sample.vcsim.password);
  const aside = new Set([sample.vcsim.pid, process.pid]);
  const started = await stack.replicate(contextId);
  const seen = new Set<string>();
  for (let job = started; job.endedAt === undefined; job = await stack.api.get<Job>(`/api/v1/jobs/${job.id}`))
    for (const one of await processesWith(forms, aside)) seen.add(one);
  expect([...seen]).toEqual([]);
  // answers of the API, logs, journals, databases and what plugins keep
  const answers = await Promise.all(
    ['connections', 'vm-contexts', `jobs/${started.id}/log?limit=100`].map((path) =>
      stack.api.get<object>(`/api/v1/${path}`),
    ),
  );
  for (const form of forms) expect(JSON.stringify(answers)).not.toContain(form);
  expect(await filesWith(stack.directory, forms)).toEqual([]);
  const { exports, holds } = await stack.leftBehind();
  expect({ exports, holds }).toEqual({ exports: [], holds: [] });
  expect(await sample.frozenFiles()).toEqual([]);
});

it('takes an uploaded VDDK into use, and reads a whole cycle through it', async () => {
  const { libdir, plugin } = await ensureFakeVddk({ log: { write: () => true } });
  const archive = join(stack.scratchDir, 'vddk.tar.gz');
  await exec('tar', ['-czf', archive, '-C', dirname(libdir), basename(libdir)]);
  const bytes = await readFile(archive);
  const base = `/api/v1/admin/vma/${site.vmaId}/plugin-files/vmware/vddk`;
  expect(await stack.api.problemOf('PUT', base, { offset: 7, base64: 'AAAA' })).toMatchObject({
    code: 'request.conflict',
    context: { expectedOffset: 0 },
  });
  const piece = 256 << 10;
  for (let offset = 0; offset < bytes.length; offset += piece) {
    const base64 = bytes.subarray(offset, offset + piece).toString('base64');
    await stack.api.put(base, { offset, base64 });
  }
  const wrong = { sha256: '0'.repeat(64) };
  expect(await stack.api.problemOf('POST', `${base}/install`, wrong)).toMatchObject({
    code: 'request.invalid',
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { items } = await stack.api.post<PluginFileList>(`${base}/install`, { sha256 });
  expect(items).toMatchObject([{ plugin: 'vmware', file: 'vddk', sha256 }]);

  // Debian 12 has no nbdkit plugin for VDDK: this one is of Debian 13; the library's files are those of the datastore
  const root = join(stack.scratchDir, 'vddk-root');
  await mkdir(root);
  await symlink(await sample.vcsim.datastoreDir(), join(root, 'LocalDS_0'));
  const config = join(stack.scratchDir, 'vddk.conf');
  await writeFile(config, `root=${root}\n`);
  const { settings, version } = await stack.api.get<Connection>(`/api/v1/connections/${site.connectionId}`);
  expect(version).toBeGreaterThan(0);
  await stack.api.patch(`/api/v1/connections/${site.connectionId}`, {
    settings: { ...settings, readers: { vddk: { plugin, config } } },
  });
  const { concerns } = await stack.api.post<DescribedVm>('/api/v1/discovery/describe-vm', {
    connectionId: site.connectionId,
    vmId: sample.vm,
  });
  expect(concerns.filter(({ code }) => code === 'disk.reader').map(({ message }) => message)).toEqual([
    expect.stringMatching(/"Hard disk 1" is read by VDDK/),
    expect.stringMatching(/"Hard disk 2" is read by VDDK/),
  ]);
  expect(cycleOf(await witnessed()).kind).toBe('incremental');
});

it('makes a problem of a wrong password that tells it to nobody, and asks the vCenter twice at most', async () => {
  const wrong = 'c4nary-wr0ng-passw0rd';
  const { host, port, username, sha256 } = sample.vcsim;
  const { id } = await stack.api.post<Connection>('/api/v1/connections', {
    name: 'Mistyped',
    kind: 'source',
    pluginId: 'vmware',
    vmaId: site.vmaId,
    settings: { host, port, username, password: wrong, certificateSha256: sha256 },
  });
  await sample.vcsim.clearCalls();
  for (let round = 0; round < 4; round += 1) {
    const problem = await stack.api.problemOf('POST', `/api/v1/connections/${id}/test`);
    expect(problem).toMatchObject({ code: 'auth.rejected', status: 422 });
    expect(problem.remedy).not.toBe('');
    for (const form of formsOf(wrong)) expect(JSON.stringify(problem)).not.toContain(form);
  }
  expect((await sample.vcsim.calls())['Login']).toBe(2);
  expect(await filesWith(stack.directory, formsOf(wrong))).toEqual([]);
});
