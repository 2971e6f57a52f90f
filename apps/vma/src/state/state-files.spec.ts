import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStartTime } from '@ossea/process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReadyFile, type Ready } from './ready-file.js';
import { claimState } from './state-claim.js';
import { StateFiles, type Enrolment } from './state-files.js';

let directory: string;
let files: StateFiles;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'vs-')), 'state');
  files = new StateFiles(directory);
  await files.prepare();
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

const enrolment: Enrolment = {
  omaHost: 'oma.example',
  omaPort: 443,
  hostKeyFingerprint: 'SHA256:x',
  vmaId: 'vma_1',
  state: 'pending',
};
const mode = async (path: string) => (await stat(path)).mode & 0o777;

describe('the state directory', () => {
  it('is for us alone, also where it was for others before', async () => {
    await rm(directory, { recursive: true });
    await mkdir(directory, { mode: 0o755 });
    await files.prepare();
    expect(await mode(directory)).toBe(0o700);
    expect(await mode(files.journals)).toBe(0o700);
  });

  it('is named when it cannot be one', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(new StateFiles(join(directory, 'file')).prepare()).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('stateDir') as string,
    });
  });

  it('makes one key, however many ask for the first one at once', async () => {
    const pairs = await Promise.all(Array.from({ length: 5 }, () => new StateFiles(directory).keyPair()));
    expect(new Set(pairs.map(({ publicKey }) => publicKey)).size).toBe(1);
    expect(await files.keyPair()).toEqual(pairs[0]);
    expect(await mode(join(directory, 'vma-key'))).toBe(0o600);
    const renewed = await files.renewKeyPair();
    expect(renewed.publicKey).not.toBe(pairs[0]?.publicKey);
    expect(await files.keyPair()).toEqual(renewed);
  });

  it('keeps an enrolment, and no trace of how it was written', async () => {
    expect(await files.enrolment()).toBeUndefined();
    await files.saveEnrolment(enrolment);
    expect(await files.enrolment()).toEqual(enrolment);
    expect(await mode(join(directory, 'enrolment.json'))).toBe(0o600);
    expect((await readdir(directory)).sort()).toEqual(['enrolment.json', 'journals']);
  });

  it('does not let news of an enrolment overwrite the next one', async () => {
    await files.saveEnrolment(enrolment);
    const approved: Enrolment = { ...enrolment, state: 'approved', agentTokenKey: 'key' };
    expect(await files.updateEnrolment(enrolment, approved)).toEqual(approved);
    const next = { ...enrolment, vmaId: 'vma_2' };
    await files.saveEnrolment(next);
    expect(await files.updateEnrolment(approved, { ...approved, state: 'revoked' })).toEqual(next);
    expect(await files.enrolment()).toEqual(next);
  });

  it('names an enrolment that cannot be read', async () => {
    await writeFile(join(directory, 'enrolment.json'), '{"vmaId":');
    await expect(files.enrolment()).rejects.toMatchObject({ code: 'config.invalid' });
  });
});

describe('ready.json', () => {
  const ready: Ready = { pid: 1, apiPort: 2, agentSocketPath: 'a', nbdSocketPath: 'n', state: 'pending' };
  const read = async () => JSON.parse(await readFile(join(directory, 'ready.json'), 'utf8')) as unknown;

  it('says what was said last, and is gone for good once withdrawn', async () => {
    const file = new ReadyFile(files);
    await file.update({ state: 'too early' });
    await expect(read()).rejects.toThrow('ENOENT');
    await Promise.all([
      file.announce(ready),
      file.update({ state: 'approved' }),
      file.update({ nbdPort: 3 }),
    ]);
    expect(await read()).toEqual({ ...ready, state: 'approved', nbdPort: 3 });
    await Promise.all([file.update({ state: 'late' }), file.withdraw(), file.update({ state: 'later' })]);
    await expect(read()).rejects.toThrow('ENOENT');
  });
});

describe('the claim on the state directory', () => {
  it('is one process’s at a time, and can be given back', async () => {
    const giveBack = await claimState(directory);
    await expect(claimState(directory)).rejects.toMatchObject({ code: 'config.invalid' });
    await giveBack();
    await (
      await claimState(directory)
    )();
  });

  it('is taken from the dead, never from the living', async () => {
    const owners = join(directory, 'owners');
    await mkdir(owners);
    await writeFile(join(owners, '1@another-life'), '');
    await writeFile(join(owners, 'nonsense'), '');
    await (
      await claimState(directory)
    )();
    expect(await readdir(owners)).toEqual([]);
    const living = `${process.ppid}@${await processStartTime(process.ppid)}`;
    await writeFile(join(owners, living), '');
    await expect(claimState(directory)).rejects.toMatchObject({ context: { pid: process.ppid } });
    expect(await readdir(owners)).toEqual([living]);
  });
});
