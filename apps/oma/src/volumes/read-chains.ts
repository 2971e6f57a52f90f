import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NbdAddress } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, DiskKey } from '@ossea/plugin-sdk';
import type { ProcessRunner } from '@ossea/process';
import { StorageDaemon } from '@ossea/qemu';
import type { ContextLocks } from './context-locks.js';
import type { Delta } from './delta.entity.js';
import type { Deltas } from './deltas.js';
import { NbdExport } from './nbd-export.entity.js';
import type { VolumeAttachments } from './volume-attachments.js';
import type { Volume } from './volume.entity.js';
import type { DataSource } from 'typeorm';

export interface ChainDisk {
  readonly volumeId: string;
  readonly disk: DiskKey;
  /** Of the source disk; the export may be larger. */
  readonly sizeBytes: number;
  readonly address: NbdAddress;
}

/** Read-only NBD endpoints of one recovery point, all disks at one moment. Dispose it: folds wait for nobody else. */
export interface ReadChain extends AsyncDisposable {
  readonly pointSequence: number;
  readonly disks: readonly ChainDisk[];
}

export interface ReadChainsOptions {
  readonly database: DataSource;
  readonly attachments: VolumeAttachments;
  readonly deltas: Deltas;
  readonly locks: ContextLocks;
  readonly runner: ProcessRunner;
  readonly runDir: string;
}

/**
 * Shows the newest recovery point: the volume with its sealed deltas over it, put together at run time. It has a
 * storage daemon of its own, so that no VMA can reach what is read here.
 */
export class ReadChains {
  private readonly open = new Map<string, StorageDaemon>();

  constructor(private readonly options: ReadChainsOptions) {}

  /**
   * Waits for a fold that runs, and keeps later ones away until it is disposed.
   * Throws `request.conflict` when no recovery point stands, `volume.in-use` while a volume is not ours.
   */
  async openReadChain(contextId: string, call: CallOptions): Promise<ReadChain> {
    const { locks, runner, runDir } = this.options;
    const release = await locks.shared(contextId, call.signal);
    const name = `r-${randomBytes(5).toString('hex')}`;
    let daemon: StorageDaemon | undefined;
    const close = async (): Promise<void> => {
      await daemon?.[Symbol.asyncDispose]();
      this.open.delete(name);
      for (const end of ['sock', 'lock']) await rm(join(runDir, `${name}.${end}`), { force: true });
      release();
    };
    try {
      const layers = await this.layersOf(contextId);
      await mkdir(runDir, { recursive: true, mode: 0o700 });
      daemon = await StorageDaemon.start({ runner, directory: runDir, name, signal: call.signal });
      this.open.set(name, daemon);
      const disks: ChainDisk[] = [];
      for (const { volume, deltas } of layers.disks) {
        const device = await this.options.attachments.device(volume, call);
        await daemon.addExport({
          exportName: volume.exportName,
          path: device.path,
          format: device.format,
          kind: device.kind,
          writable: false,
          deltas: deltas.map((delta) => this.options.deltas.pathOf(delta)),
        });
        disks.push({
          volumeId: volume.id,
          disk: volume.diskKey,
          sizeBytes: volume.sizeBytes,
          address: { transport: 'nbd-unix', path: daemon.nbdSocketPath, exportName: volume.exportName },
        });
      }
      return { pointSequence: layers.pointSequence, disks, [Symbol.asyncDispose]: once(close) };
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** The daemons that serve readers now. */
  processes(): { readonly name: string; readonly pid: number }[] {
    return [...this.open].map(([name, { pid }]) => ({ name, pid }));
  }

  private async layersOf(contextId: string): Promise<{
    readonly pointSequence: number;
    readonly disks: readonly { readonly volume: Volume; readonly deltas: readonly Delta[] }[];
  }> {
    const { attachments, database } = this.options;
    const inPlace = await database.getRepository(NbdExport).countBy({ contextId, what: 'volume' });
    const unfolded = await this.options.deltas.unfolded(contextId);
    const disks = (await attachments.volumesOf(contextId)).map((volume) => ({
      volume,
      deltas: unfolded.filter(({ volumeId }) => volumeId === volume.id),
    }));
    const points = new Set(disks.map(({ volume, deltas }) => deltas.at(-1)?.sequence ?? volume.currentPoint));
    const [pointSequence] = points;
    if (points.size !== 1 || pointSequence == null || inPlace > 0)
      throw new MigrationError('request.conflict', 'No recovery point of all disks stands.', {
        context: { contextId },
      });
    return { pointSequence, disks };
  }
}

function once(body: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= body());
}
