import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLeased, takeLease } from './volume-lease.js';

describe('a lease file', () => {
  let directory = '';
  let path = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lease-'));
    path = join(directory, 'v.lease');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is held once, and free again when it is given back', async () => {
    const giveBack = await takeLease(path);
    expect(await isLeased(path)).toBe(true);
    await expect(takeLease(path)).rejects.toMatchObject({ code: 'volume.in-use' });
    await giveBack();
    expect(await isLeased(path)).toBe(false);
    await (
      await takeLease(path)
    )();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is not taken from its next holder by a late, second giving back', async () => {
    const first = await takeLease(path);
    await first();
    await takeLease(path);
    await first();
    expect(await isLeased(path)).toBe(true);
  });

  it('goes to one of many', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => takeLease(path)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  /** A lease as a process of that number would have left it. */
  async function leaveLease(change: object): Promise<void> {
    const giveBack = await takeLease(path);
    const text = await readFile(path, 'utf8');
    await giveBack();
    await writeFile(path, JSON.stringify({ ...(JSON.parse(text) as object), token: 'other', ...change }));
  }

  it('of a living process blocks, of a dead one does not', async () => {
    const child = spawn('sleep', ['60']);
    const stat = await readFile(`/proc/${child.pid}/stat`, 'latin1');
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    await leaveLease({ pid: child.pid, startTicks });
    expect(await isLeased(path)).toBe(true);
    await expect(takeLease(path)).rejects.toMatchObject({ code: 'volume.in-use' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isLeased(path)).toBe(false);
    await takeLease(path);
    expect(await readdir(directory)).toEqual(['v.lease']);
  });

  it('of a dead process goes to one of many, over and over', async () => {
    for (let round = 0; round < 40; round += 1) {
      await leaveLease({ bootId: 'an earlier boot', token: `dead${round}` });
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => takeLease(path)));
      const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(taken).toHaveLength(1);
      await taken[0]!.value();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it('that a loss of power left empty, or that was being replaced when its next holder died, does not block', async () => {
    await writeFile(path, '');
    await (
      await takeLease(path)
    )();
    await leaveLease({ bootId: 'an earlier boot', token: 'dead' });
    await writeFile(`${path}.dead`, await readFile(path, 'utf8'));
    await takeLease(path);
    expect(await readdir(directory)).toEqual(['v.lease']);
  });

  it.each([{ startTicks: '1' }, { bootId: 'an earlier boot' }])(
    'of another process with the same number does not block: %o',
    async (change) => {
      await leaveLease(change);
      expect(await isLeased(path)).toBe(false);
      await takeLease(path);
      expect(await isLeased(path)).toBe(true);
    },
  );
});
