import { readdir, rm, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DEFAULT_LIMITS,
  readJournal,
  type CopyEngine,
  type CopyResult,
  type Journal,
} from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { SourceSession } from '@ossea/plugin-sdk';
import type { CopyOrder, RemoteCopies } from '../../../apps/oma/src/replication/replication-ports.js';

/** Copies in this very process, straight into the storage daemon's socket: the cycle without a tunnel. */
export class LocalCopies implements RemoteCopies {
  readonly results: CopyResult[] = [];
  /** Called with the measured progress of every copy. */
  onProgress: (bytesDone: number) => void = () => {};

  constructor(
    private readonly source: SourceSession,
    private readonly engine: CopyEngine,
    private readonly journals: string,
    private readonly nbdSocket: () => string,
  ) {}

  async run(order: CopyOrder, options: Parameters<RemoteCopies['run']>[1]): Promise<CopyResult> {
    await mkdir(this.journals, { recursive: true });
    await using lease = await this.source.disks.open(order.disk, order.snapshot, options);
    const ranges = [];
    if (order.work.kind === 'incremental')
      for await (const extent of this.source.can.changedBlocks!.changes(
        order.disk,
        { since: order.work.since, until: order.snapshot },
        options,
      ))
        ranges.push(extent);
    const result = await this.engine.copy(
      {
        source: lease.value,
        target: { transport: 'nbd-unix', path: this.nbdSocket(), exportName: order.exportName },
        sizeBytes: order.sizeBytes,
        work: order.work.kind === 'incremental' ? { kind: 'changed', ranges } : order.work,
        journalPath: this.pathOf(order.copyId),
        journalIdentity: order.journalIdentity,
        limits: {
          ...DEFAULT_LIMITS,
          checkpointBytes: 1 << 20,
          requestBytes: 1 << 18,
          bytesInFlight: 1 << 20,
        },
      },
      {
        signal: options.signal,
        onProgress: (progress) => {
          options.onProgress(progress);
          this.onProgress(progress.bytesDone);
        },
      },
    );
    this.results.push(result);
    return result;
  }

  async journal(copyId: string): Promise<Journal> {
    const journal = await readJournal(this.pathOf(copyId));
    if (!journal) throw new MigrationError('resource.not-found', 'There is no such journal.');
    return journal;
  }

  async forgetAll(prefix: string): Promise<void> {
    for (const name of await readdir(this.journals).catch(() => []))
      if (name.startsWith(prefix)) await rm(join(this.journals, name));
  }

  private pathOf(copyId: string): string {
    return join(this.journals, `${copyId}.journal`);
  }
}
