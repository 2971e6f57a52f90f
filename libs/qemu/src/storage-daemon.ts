import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { ProcessExit, ProcessRunner, RunningProcess } from '@ossea/process';
import { checkedImagePath, type ImageFormat, type StorageKind } from './block-node.js';
import { QmpClient, isQmpRefusal, uniqueId } from './qmp-client.js';
import { checkedSocketPath } from './socket-path.js';

const LOCK_WAIT_SECONDS = 2;
const LOCKED_EXIT_CODE = 75;
const EVENT_TIMEOUT_MS = 60_000;

export interface ExportSpec {
  /** What NBD clients ask for. */
  readonly exportName: string;
  readonly path: string;
  readonly format: ImageFormat;
  readonly kind: StorageKind;
  readonly writable: boolean;
  /** Sealed deltas, oldest first, through which a read-only export shows the image. */
  readonly deltas?: readonly string[];
}

interface LiveExport {
  readonly spec: ExportSpec;
  readonly exportId: string;
  /** Top first: each must go before the one below. */
  readonly nodes: readonly string[];
}

export interface StorageDaemonOptions {
  readonly runner: ProcessRunner;
  /** Holds the lock and the sockets; must exist and be short (socket paths end at 107 bytes). */
  readonly directory: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * One `qemu-storage-daemon` under a lock of its own (`flock`: the kernel drops it when that daemon dies, and not
 * before), with one NBD server on a Unix socket and exports that come and go. It has no iothread: with one, the
 * daemon of Debian 12 aborts at the first disconnect. It dies with its owner, who starts it again and adds the
 * exports again.
 */
export class StorageDaemon implements AsyncDisposable {
  private readonly live = new Map<string, LiveExport>();
  private counter = 0;
  /** Commands come one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly process: RunningProcess,
    private readonly qmp: QmpClient,
    private readonly monitorPath: string,
    /** Where NBD clients connect. The same for every daemon of this name. */
    readonly nbdSocketPath: string,
  ) {}

  /** Throws `resource.busy` when another daemon of this name lives, `process.missing`, `process.failed`, `call.aborted`. */
  static async start({ runner, directory, name, signal }: StorageDaemonOptions): Promise<StorageDaemon> {
    throwIfAborted(signal);
    // a monitor of its own for every start: the old daemon's socket would answer the readiness probe
    const monitorPath = checkedSocketPath(join(directory, `${uniqueId(name)}.qmp`));
    const nbdSocketPath = checkedSocketPath(join(directory, `${name}.sock`));
    const lock = ['--no-fork', '-w', String(LOCK_WAIT_SECONDS), '-E', String(LOCKED_EXIT_CODE)];
    const process = await runner
      .start(
        {
          command: 'flock',
          args: [
            ...lock,
            join(directory, `${name}.lock`),
            'qemu-storage-daemon',
            '--chardev',
            `socket,id=qmp,path=${monitorPath.replaceAll(',', ',,')},server=on,wait=off`,
            '--monitor',
            'chardev=qmp,mode=control',
          ],
          name: `storage daemon ${name}`,
          readyWhen: { socket: monitorPath },
        },
        { signal },
      )
      .catch((error: unknown) => {
        if (isMigrationError(error) && error.context['exitCode'] === LOCKED_EXIT_CODE) {
          throw new MigrationError('resource.busy', `Another storage daemon "${name}" lives.`, {
            cause: error,
          });
        }
        throw error;
      });
    try {
      const qmp = await QmpClient.connect(monitorPath, { signal });
      await forgetOldMonitors(directory, name, monitorPath);
      await qmp.execute('nbd-server-start', {
        addr: { type: 'unix', data: { path: nbdSocketPath } },
        'max-connections': 0,
      });
      return new StorageDaemon(process, qmp, monitorPath, nbdSocketPath);
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Settles when the daemon has ended, however it ended. */
  get exited(): Promise<ProcessExit> {
    return this.process.exited;
  }

  stderrTail(): string {
    return this.process.stderrTail();
  }

  /** The exports as they are now. */
  exports(): readonly ExportSpec[] {
    return [...this.live.values()].map(({ spec }) => spec);
  }

  /**
   * Adds an export; adding the same again is success. Throws `resource.conflict` when the name is taken by
   * another image or mode, `volume.in-use` when a machine holds the image, `peer.unreachable` when the daemon is gone.
   */
  addExport(spec: ExportSpec): Promise<void> {
    return this.inOrder(async () => {
      const present = this.live.get(spec.exportName);
      if (present) {
        if (JSON.stringify(normal(present.spec)) === JSON.stringify(normal(spec))) return;
        throw new MigrationError('resource.conflict', 'An export of this name shows something else.', {
          context: { exportName: spec.exportName },
        });
      }
      if (spec.writable && spec.deltas?.length) {
        throw new MigrationError('request.invalid', 'An image behind deltas cannot be exported writable.');
      }
      const nodes: string[] = [];
      try {
        await this.addNodes(spec, nodes);
        const exportId = `e${++this.counter}`;
        await this.qmp.execute('block-export-add', {
          type: 'nbd',
          id: exportId,
          'node-name': nodes[0],
          name: spec.exportName,
          writable: spec.writable,
        });
        this.live.set(spec.exportName, { spec, exportId, nodes });
      } catch (error) {
        for (const node of nodes)
          await this.qmp.execute('blockdev-del', { 'node-name': node }).catch(() => undefined);
        throw error;
      }
    });
  }

  /**
   * Takes an export away whoever uses it; its clients get an error at their next request. The image is synced and
   * closed when this comes back. Taking away what is not there succeeds.
   */
  removeExport(exportName: string): Promise<void> {
    return this.inOrder(async () => {
      const present = this.live.get(exportName);
      if (!present) return;
      const deleted = this.qmp.waitForEvent(
        ({ event, data }) => event === 'BLOCK_EXPORT_DELETED' && data['id'] === present.exportId,
        { timeoutMs: EVENT_TIMEOUT_MS },
      );
      try {
        await this.qmp.execute('block-export-del', { id: present.exportId, mode: 'hard' });
        await deleted;
      } catch (error) {
        if (!isQmpRefusal(error, /is not found/)) throw error;
      }
      // nothing is flushed when the export goes, only when its last node goes
      for (const node of present.nodes) {
        await this.qmp.execute('blockdev-del', { 'node-name': node }).catch((error: unknown) => {
          if (!isQmpRefusal(error, /Failed to find node/)) throw error;
        });
      }
      this.live.delete(exportName);
    });
  }

  /** Ends the daemon; images are synced and closed by it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.qmp.close();
    // while this daemon has the lock: after its end the name may be the next one's, whose socket must stay
    await rm(this.nbdSocketPath, { force: true });
    await this.process[Symbol.asyncDispose]();
    await rm(this.monitorPath, { force: true });
    this.live.clear();
  }

  private async addNodes(spec: ExportSpec, nodes: string[]): Promise<void> {
    let backing: string | null = null;
    const layers = [
      { path: spec.path, format: spec.format, kind: spec.kind },
      ...(spec.deltas ?? []).map((path) => ({ path, format: 'qcow2' as const, kind: 'file' as const })),
    ];
    for (const layer of layers) {
      const node = `n${++this.counter}`;
      await this.qmp.execute('blockdev-add', {
        driver: layer.format,
        'node-name': node,
        'read-only': !spec.writable,
        discard: 'unmap',
        file: {
          driver: layer.kind === 'block' ? 'host_device' : 'file',
          filename: checkedImagePath(layer.path),
          discard: 'unmap',
        },
        // said by us: what the image's header names is never opened
        ...(layer.format === 'qcow2' ? { backing } : {}),
      });
      nodes.unshift(node);
      backing = node;
    }
  }

  private inOrder<T>(action: () => Promise<T>): Promise<T> {
    const result = this.last.then(action);
    this.last = result.catch(() => undefined);
    return result;
  }
}

function normal({ exportName, path, format, kind, writable, deltas = [] }: ExportSpec) {
  return { exportName, path, format, kind, writable, deltas };
}

/** Sockets of daemons that were killed; whoever holds the lock may remove them. */
async function forgetOldMonitors(directory: string, name: string, keep: string): Promise<void> {
  const prefix = `${name.slice(0, 16)}-`;
  for (const file of await readdir(directory)) {
    const ours = file.startsWith(prefix) && /^[0-9a-f]{12}\.qmp$/.test(file.slice(prefix.length));
    if (ours && join(directory, file) !== keep) await rm(join(directory, file), { force: true });
  }
}
