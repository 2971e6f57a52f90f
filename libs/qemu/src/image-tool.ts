import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { readAllocation, type ClusterRun } from './allocation-map.js';
import { checkedImagePath, imageArgument, storageKindOf, type ImageFormat } from './block-node.js';
import { foldDelta, type FoldRequest } from './fold-delta.js';
import { fsyncDirectory, fsyncFile } from './fsync-path.js';
import { imageFault } from './qemu-fault.js';

export interface BitmapInfo {
  readonly name: string;
  readonly granularityBytes: number;
  /** `in-use`: whoever had the image open did not close it, and what the bitmap says is lost. */
  readonly flags: readonly string[];
}

export interface ImageInfo {
  readonly format: ImageFormat;
  /** The size the guest sees, in bytes. */
  readonly virtualSizeBytes: number;
  /** What it takes on its file system, in bytes. */
  readonly allocatedBytes: number;
  readonly backingFile?: string;
  /** Persistent dirty bitmaps; a raw image has none. */
  readonly bitmaps: readonly BitmapInfo[];
}

interface RawInfo {
  readonly 'virtual-size': number;
  readonly 'actual-size'?: number;
  readonly 'backing-filename'?: string;
  readonly 'format-specific'?: {
    readonly data?: {
      readonly bitmaps?: readonly { name: string; granularity: number; flags: readonly string[] }[];
    };
  };
}

/** Images as files: made whole or not at all, always with their format said. */
export class ImageTool {
  constructor(private readonly run: ProcessRunner) {}

  /**
   * A sparse raw image. Throws `resource.conflict` when the path exists, `disk.too-large`, `storage.full`,
   * `disk.size-invalid`.
   */
  async createRawImage(path: string, sizeBytes: number, { signal }: CallSignal): Promise<void> {
    throwIfAborted(signal);
    checkSize(sizeBytes);
    await this.place(path, async (temporary) => {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.truncate(sizeBytes);
      } finally {
        await file.close();
      }
    });
  }

  /** A qcow2 image (version 3, 64 KiB clusters, no backing file). Throws as `createRawImage` does. */
  async createQcow2Image(path: string, sizeBytes: number, { signal }: CallSignal): Promise<void> {
    throwIfAborted(signal);
    checkSize(sizeBytes);
    await this.place(path, async (temporary) => {
      const options = 'compat=1.1,cluster_size=65536,lazy_refcounts=off';
      const args = [
        'create',
        '-q',
        '-f',
        'qcow2',
        '-o',
        options,
        checkedImagePath(temporary),
        String(sizeBytes),
      ];
      await this.run.exec({ command: 'qemu-img', args }, { signal });
    });
  }

  /**
   * An empty delta for a volume of this size: a qcow2 image without a backing file, durable when this comes back.
   * Write whole 64 KiB clusters into it and zeroes as write-zeroes; anything else destroys neighbours at the fold.
   * Throws as `createRawImage` does.
   */
  createDelta(path: string, sizeBytes: number, call: CallSignal): Promise<void> {
    return this.createQcow2Image(path, sizeBytes, call);
  }

  /**
   * What an image is. The format is the caller's word, never probed; with the wrong one for qcow2 this throws
   * `process.failed`. Works on an image that somebody has open. Throws `resource.not-found`.
   */
  async imageInfo(path: string, options: CallSignal & { readonly format: ImageFormat }): Promise<ImageInfo> {
    const kind = await storageKindOf(path);
    const args = ['info', '--output=json', '-U', imageArgument(path, options.format, kind)];
    const { stdout } = await this.tool(args, options, 'The image cannot be read');
    const raw = JSON.parse(stdout) as RawInfo;
    return {
      format: options.format,
      virtualSizeBytes: raw['virtual-size'],
      allocatedBytes: raw['actual-size'] ?? 0,
      ...(raw['backing-filename'] === undefined ? {} : { backingFile: raw['backing-filename'] }),
      bitmaps: (raw['format-specific']?.data?.bitmaps ?? []).map(({ name, granularity, flags }) => ({
        name,
        granularityBytes: granularity,
        flags,
      })),
    };
  }

  /**
   * The 64 KiB clusters that an image itself holds (`present` of `qemu-img map`), in order, without overlaps;
   * what a backing file holds does not count. Nobody may have the image open for writing (`volume.in-use`).
   * Throws `copy.incomplete` when an extent does not begin or end at a cluster, which a sealed delta never shows.
   */
  allocatedClusters(
    path: string,
    options: CallSignal & { readonly format: 'qcow2'; readonly sizeBytes: number },
  ): Promise<readonly ClusterRun[]> {
    return readAllocation(this.run, checkedImagePath(path), options);
  }

  /** Writes a sealed delta into its volume; see `foldDelta`. */
  foldDelta(request: FoldRequest, call: CallSignal): Promise<void> {
    return foldDelta(this.run, request, call);
  }

  /** Checks a qcow2 image's own structure. Throws `disk.corrupt`; leaked clusters only cost space. */
  async checkImage(path: string, options: CallSignal): Promise<void> {
    const args = ['check', '-q', '-f', 'qcow2', checkedImagePath(path)];
    try {
      // 3: leaked clusters and nothing worse
      await this.run.exec({ command: 'qemu-img', args, okCodes: [3] }, options);
    } catch (error) {
      if (error instanceof MigrationError && error.context['exitCode'] === 2) {
        throw new MigrationError('disk.corrupt', 'The image is damaged.', {
          cause: error,
          context: { path },
        });
      }
      throw imageFault(error, 'The image cannot be checked');
    }
  }

  private async tool(args: readonly string[], { signal }: CallSignal, what: string) {
    try {
      return await this.run.exec({ command: 'qemu-img', args }, { signal });
    } catch (error) {
      throw imageFault(error, what);
    }
  }

  /** Makes a file under another name, makes it durable, and gives it its name only if nobody has that yet. */
  private async place(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
    const temporary = `${checkedImagePath(path)}.${randomBytes(4).toString('hex')}.new`;
    try {
      await make(temporary);
      await fsyncFile(temporary);
      await link(temporary, path);
    } catch (error) {
      throw imageFault(error, 'The image cannot be made');
    } finally {
      await rm(temporary, { force: true });
    }
    await fsyncDirectory(dirname(path));
  }
}

function checkSize(sizeBytes: number): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % 512 === 0) return;
  throw new MigrationError('disk.size-invalid', `An image cannot have ${sizeBytes} bytes.`, {
    context: { sizeBytes },
  });
}
