import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machinePaths } from '@ossea/qemu';
import { fileSha256 } from './digests.js';
import { checkRecords, type RecordCheck } from './guest/index.js';
import type { Stack } from './launch-stack.js';
import { NeverError, until } from './probe.js';
import type { TargetVolume } from './target-host.js';

const exec = promisify(execFile);

type Copy = Pick<TargetVolume, 'path' | 'sizeBytes'>;

/** Copies of a target machine's raw volumes as they were before it had written a byte. */
export class FrozenVolumes implements AsyncDisposable {
  constructor(
    private readonly directory: string,
    private readonly copies: readonly Copy[],
  ) {}

  async sha256(): Promise<string[]> {
    const hashes: string[] = [];
    for (const { path, sizeBytes } of this.copies) hashes.push(await fileSha256(path, sizeBytes));
    return hashes;
  }

  /** The guest's records on them. */
  records(): Promise<RecordCheck> {
    const [vdaRaw = '', vdbRaw = ''] = this.copies.map(({ path }) => path);
    return checkRecords({ vdaRaw, vdbRaw });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/**
 * What the volumes of a live failover hold when the target machine takes over. The machine is stopped (SIGSTOP) as
 * soon as its process is there, which is seconds before its guest can write, until its volumes have been copied.
 * @param stop ends the waiting for a machine that will never come.
 */
export async function freezeAtStart(
  stack: Stack,
  contextId: string,
  stop: AbortSignal,
): Promise<FrozenVolumes> {
  const before = new Set(await machinesOf(stack));
  const { machine, pid } = await until(
    'the target machine is started',
    async () => {
      for (const id of await machinesOf(stack)) {
        const started = before.has(id) ? undefined : await pidOf(stack, id);
        if (started !== undefined) return { machine: id, pid: started };
      }
      return undefined;
    },
    { timeoutMs: 900_000, everyMs: 5, signal: stop },
  );
  process.kill(pid, 'SIGSTOP');
  try {
    const directory = join(stack.scratchDir, `frozen-${pid}`);
    await mkdir(directory);
    const copies = await copied(await stack.volumes(contextId), directory);
    const { serialLog } = machinePaths(stack.target.machinesDir, machine);
    if ((await readFile(serialLog, 'utf8').catch(() => '')).includes('ossea-writing'))
      throw new NeverError('the target guest had begun to write before its volumes were copied');
    return new FrozenVolumes(directory, copies);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function copied(volumes: readonly TargetVolume[], directory: string): Promise<Copy[]> {
  return Promise.all(
    volumes.map(async ({ read, sizeBytes }, index) => {
      const path = join(directory, `${index}.raw`);
      await read((volume) => exec('cp', ['--sparse=auto', '--reflink=auto', volume, path]));
      return { path, sizeBytes };
    }),
  );
}

async function machinesOf(stack: Stack): Promise<string[]> {
  return readdir(stack.target.machinesDir).catch(() => []);
}

async function pidOf(stack: Stack, id: string): Promise<number | undefined> {
  const text = await readFile(machinePaths(stack.target.machinesDir, id).pid, 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return pid > 0 ? pid : undefined;
}
