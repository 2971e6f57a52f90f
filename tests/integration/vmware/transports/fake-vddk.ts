import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFakeVddk } from '../../../simulators/vddk/build.mjs';
import { readersSchema, type ReaderSettings } from '../../../../plugins/vmware/src/transports/index.js';
import { MIB, makeDirectory, openBench, type Bench } from './reader-bench.js';

const quiet = { write: () => true };

export interface VddkBench extends Bench {
  readonly settings: ReaderSettings;
  /** The file of `[LocalDS_0] vm1/disk1.vmdk` as of snapshot-70. */
  readonly file: string;
  readonly libdir: string;
  /** What was called at the stand-in, in order. */
  calls(): Promise<Record<string, unknown>[]>;
}

/** The VDDK reader with the stand-in for VDDK, and a disk with holes that ends within a chunk. */
export async function openVddkBench(
  options: { readonly fail?: (directory: string) => string; readonly sizeBytes?: number } = {},
): Promise<VddkBench> {
  const { libdir, plugin } = await ensureFakeVddk({ log: quiet });
  const env: Record<string, string> = {};
  const bench = await openBench(env);
  const root = await makeDirectory(join(bench.scratchDir, 'root'));
  const log = join(bench.scratchDir, 'calls');
  Object.assign(env, { FAKE_VDDK_ROOT: root, FAKE_VDDK_LOG: log });
  if (options.fail) env['FAKE_VDDK_FAIL'] = options.fail(bench.scratchDir);
  const machine = await makeDirectory(join(root, 'LocalDS_0/vm1'));
  const file = join(machine, 'disk1@snapshot-70-flat.vmdk');
  await writeSparse(file, options.sizeBytes ?? 8 * MIB);
  return {
    ...bench,
    file,
    libdir,
    settings: readersSchema.parse({ order: ['vddk'], vddk: { libdir, plugin } }),
    calls: async () =>
      (await readFile(log, 'utf8').catch(() => ''))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Data at the beginning of its second MiB and at its very end, holes elsewhere. */
async function writeSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.truncate(sizeBytes);
    await file.write(randomBytes(128 * 1024), 0, null, MIB);
    await file.write(randomBytes(512), 0, null, sizeBytes - 512);
  } finally {
    await file.close();
  }
}
