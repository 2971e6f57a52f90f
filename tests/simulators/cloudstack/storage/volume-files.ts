import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { link, mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { sparseCopy } from '@ossea/qemu';

const BLOCK_BYTES = 512;

/** What a file looked like: whoever writes it changes this. */
export interface FileMark {
  readonly modifiedMs: number;
  readonly sizeBytes: number;
}

/** Volumes and snapshots as raw, sparse files. */
export class VolumeFiles {
  readonly volumesDir: string;
  private readonly snapshots: string;

  constructor(
    directory: string,
    private readonly runner: ProcessRunner,
  ) {
    this.volumesDir = join(directory, 'volumes');
    this.snapshots = join(directory, 'snapshots');
  }

  async prepare(): Promise<void> {
    for (const directory of [this.volumesDir, this.snapshots]) await mkdir(directory, { recursive: true });
  }

  volumePath(id: string): string {
    return join(this.volumesDir, `${id}.raw`);
  }

  snapshotPath(id: string): string {
    return join(this.snapshots, `${id}.raw`);
  }

  /** Under its own name only when nobody has it open any more: whoever has a volume open is held to the rules. */
  async create(id: string, sizeBytes: number): Promise<void> {
    const making = `${this.volumePath(id)}.making`;
    const file = await open(making, 'wx');
    try {
      await file.truncate(sizeBytes);
    } finally {
      await file.close();
    }
    await rename(making, this.volumePath(id));
  }

  resize(id: string, sizeBytes: number): Promise<void> {
    return this.lend(this.volumePath(id), (second) => truncate(second, sizeBytes));
  }

  /** Gives how many bytes the copy takes. */
  async takeSnapshot(volumeId: string, snapshotId: string, call: CallSignal): Promise<number> {
    const to = this.snapshotPath(snapshotId);
    await this.copy(this.volumePath(volumeId), to, call);
    return (await stat(to)).blocks * BLOCK_BYTES;
  }

  /** The snapshot's content, in a file of its own that takes the volume's name. */
  copySnapshotTo(volumeId: string, snapshotId: string, call: CallSignal): Promise<void> {
    return this.copy(this.snapshotPath(snapshotId), this.volumePath(volumeId), call);
  }

  async removeVolume(id: string): Promise<void> {
    await rm(this.volumePath(id), { force: true });
  }

  async removeSnapshot(id: string): Promise<void> {
    await rm(this.snapshotPath(id), { force: true });
  }

  /** `undefined` where there is no file. */
  mark(id: string): FileMark | undefined {
    const found = statSync(this.volumePath(id), { throwIfNoEntry: false });
    return found && { modifiedMs: found.mtimeMs, sizeBytes: found.size };
  }

  /** Lends a second name of a volume's file: who looks for those that have the volume open does not find the reader. */
  async lend<T>(path: string, doing: (second: string) => Promise<T>): Promise<T> {
    const second = `${path}.${randomBytes(4).toString('hex')}`;
    await link(path, second);
    try {
      return await doing(second);
    } finally {
      await rm(second, { force: true });
    }
  }

  private copy(from: string, to: string, call: CallSignal): Promise<void> {
    return this.lend(from, (second) => sparseCopy(this.runner, second, to, call));
  }
}
