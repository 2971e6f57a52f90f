import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions, PluginContext, RunningProcess } from '@ossea/plugin-sdk';
import { QmpClient, storageKindOf, type StorageKind } from '@ossea/qemu';
import type { SnapshotDisk } from './snapshot-record.js';

type Image = Pick<SnapshotDisk, 'key' | 'path' | 'format'>;

/**
 * A storage daemon for the images of one machine that is off. While it has an image open, QEMU's image locks keep
 * the machine from starting. It ends with its owner, and the locks with it.
 */
export class ImageDaemon implements AsyncDisposable {
  private constructor(
    private readonly process: RunningProcess,
    readonly qmp: QmpClient,
    /** Where it serves NBD once `serve` was called. */
    readonly socketPath: string,
  ) {}

  static async start(
    context: PluginContext,
    machineDirectory: string,
    call: CallOptions,
  ): Promise<ImageDaemon> {
    // names of its own: another session may have a daemon on the same images
    const base = join(machineDirectory, `o-${randomBytes(3).toString('hex')}`);
    const monitor = `${base}.qmp`;
    const process = await context.run.start(
      {
        command: 'qemu-storage-daemon',
        args: [
          ...['--chardev', `socket,id=qmp,path=${monitor.replaceAll(',', ',,')},server=on,wait=off`],
          ...['--monitor', 'chardev=qmp,mode=control'],
        ],
        name: 'storage daemon of a stopped machine',
        readyWhen: { socket: monitor },
      },
      call,
    );
    try {
      const qmp = await QmpClient.connect(monitor, call);
      await rm(monitor, { force: true });
      return new ImageDaemon(process, qmp, `${base}.sock`);
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Settles when it has ended, however it ended. */
  get exited(): Promise<unknown> {
    return this.process.exited;
  }

  /** Opens images for writing, under the names of their disks. Throws `volume.in-use` when a machine has one. */
  async openForWriting(images: readonly Image[]): Promise<void> {
    for (const image of images)
      await this.qmp.execute('blockdev-add', {
        driver: image.format,
        'node-name': image.key,
        file: { driver: driverOf(await storageKindOf(image.path)), filename: image.path },
      });
  }

  /** Opens images so that nobody can write to them while they are open. Throws `volume.in-use` as well. */
  async openAndLock(images: readonly Image[]): Promise<void> {
    for (const { key, path, format } of images) {
      const protocol = {
        driver: driverOf(await storageKindOf(path)),
        filename: path,
        'read-only': true,
      };
      // qcow2 lets nobody write below it; raw does not care, so a filter says it in its place
      const file =
        format === 'qcow2'
          ? protocol
          : {
              driver: 'blkdebug',
              image: protocol,
              'read-only': true,
              'unshare-child-perms': ['write', 'resize'],
            };
      await this.qmp.execute('blockdev-add', { driver: format, 'node-name': key, 'read-only': true, file });
    }
  }

  /** Closes images: what was changed of their bitmaps is in the files when this comes back. */
  async close(images: readonly Image[]): Promise<void> {
    for (const { key } of images) await this.qmp.execute('blockdev-del', { 'node-name': key });
  }

  /** Serves open images read-only over NBD, each under the name of its disk, with some of its bitmaps. */
  async serve(
    images: readonly { readonly key: string; readonly bitmaps: readonly string[] }[],
  ): Promise<void> {
    await this.qmp.execute('nbd-server-start', {
      addr: { type: 'unix', data: { path: this.socketPath } },
      'max-connections': 0,
    });
    for (const { key, bitmaps } of images)
      await this.qmp.execute('block-export-add', {
        type: 'nbd',
        id: `e${key}`,
        'node-name': key,
        name: key,
        writable: false,
        bitmaps,
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.qmp.close();
    await this.process[Symbol.asyncDispose]();
    await rm(this.socketPath, { force: true });
  }
}

const driverOf = (kind: StorageKind): string => (kind === 'block' ? 'host_device' : 'file');
