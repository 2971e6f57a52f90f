import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { asMigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import { StorageDaemon, type ExportSpec } from '@ossea/qemu';
import type { DataSource } from 'typeorm';
import type { ExportSpecs } from './export-specs.js';
import { NbdExport } from './nbd-export.entity.js';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** A daemon that lived so long has earned a quick restart again. */
const STEADY_MS = 60_000;

export interface SupervisorLog {
  log(message: string): void;
  warn(message: string): void;
}

export interface DaemonSupervisorOptions {
  readonly database: DataSource;
  readonly runner: ProcessRunner;
  readonly runDir: string;
  readonly specs: ExportSpecs;
  readonly log: SupervisorLog;
}

/** What we know about the daemon of one VMA. */
interface Post {
  /** Starting, adding and removing come one after the other. */
  readonly mutex: Mutex;
  daemon?: StorageDaemon;
  startedMs: number;
  failures: number;
  retry?: NodeJS.Timeout;
}

/**
 * One storage daemon per VMA, so that one VMA's trouble, and its exports, stay its own. Losing a daemon is normal:
 * its exports are a function of the database and are added again at every start.
 */
export class DaemonSupervisor {
  private readonly posts = new Map<string, Post>();
  private closed = false;

  constructor(private readonly options: DaemonSupervisorOptions) {}

  /** Where the VMA's NBD channels go: known before the daemon runs, the same for every daemon that ever does. */
  nbdSocketFor(vmaId: string): string {
    return nbdSocketPath(this.options.runDir, vmaId);
  }

  /** Stores an export and adds it to its VMA's daemon, which is started if it does not run. */
  async offer(row: NbdExport): Promise<void> {
    await this.post(row.vmaId).mutex.runExclusive(async () => {
      await this.repository.save(row);
      const daemon = await this.running(row.vmaId);
      await daemon.addExport(await this.options.specs.of(row));
    });
  }

  /** Removes an export from its daemon, then its row. What was written is synced and the image closed when this comes back. */
  async withdraw(row: NbdExport): Promise<void> {
    const post = this.post(row.vmaId);
    await post.mutex.runExclusive(async () => {
      if (post.daemon) await this.removeFrom(post, row);
      await this.repository.delete({ id: row.id });
    });
  }

  /** Starts the daemon of every VMA that has exports. What cannot be added is told to the log and tried again. */
  async recover(): Promise<void> {
    const rows = await this.repository.find();
    for (const vmaId of new Set(rows.map((row) => row.vmaId))) await this.restart(vmaId);
  }

  /** The daemons that run now. */
  processes(): { readonly vmaId: string; readonly pid: number; readonly exports: readonly ExportSpec[] }[] {
    return [...this.posts].flatMap(([vmaId, { daemon }]) =>
      daemon ? [{ vmaId, pid: daemon.pid, exports: daemon.exports() }] : [],
    );
  }

  /** Ends every daemon. The exports stay in the database. */
  async close(): Promise<void> {
    this.closed = true;
    for (const post of this.posts.values()) {
      clearTimeout(post.retry);
      await post.mutex.runExclusive(async () => {
        const { daemon } = post;
        delete post.daemon;
        await daemon?.[Symbol.asyncDispose]();
      });
    }
  }

  /** Call it under the post's mutex. */
  private async running(vmaId: string): Promise<StorageDaemon> {
    const post = this.post(vmaId);
    if (post.daemon) return post.daemon;
    await mkdir(this.options.runDir, { recursive: true, mode: 0o700 });
    const daemon = await StorageDaemon.start({
      runner: this.options.runner,
      directory: this.options.runDir,
      name: nameOf(vmaId),
      signal: new AbortController().signal,
    });
    post.daemon = daemon;
    post.startedMs = performance.now();
    void daemon.exited.then(() => this.lost(vmaId, daemon));
    for (const row of await this.repository.findBy({ vmaId })) await this.addTo(daemon, row);
    return daemon;
  }

  /** One export that cannot be added must not keep the others away. */
  private async addTo(daemon: StorageDaemon, row: NbdExport): Promise<void> {
    try {
      await daemon.addExport(await this.options.specs.of(row));
    } catch (error) {
      this.options.log.warn(`The export ${row.name} cannot be added: ${asMigrationError(error).message}`);
    }
  }

  private async removeFrom(post: Post, row: NbdExport): Promise<void> {
    const { daemon } = post;
    try {
      await daemon?.removeExport(row.name);
    } catch (error) {
      // A daemon that is gone exports nothing; one that refuses must not live on with the export.
      this.options.log.warn(
        `The export ${row.name} goes with its daemon: ${asMigrationError(error).message}`,
      );
      delete post.daemon;
      await daemon?.[Symbol.asyncDispose]();
      this.schedule(row.vmaId);
    }
  }

  private lost(vmaId: string, daemon: StorageDaemon): void {
    const post = this.post(vmaId);
    if (this.closed || post.daemon !== daemon) return;
    delete post.daemon;
    post.failures = performance.now() - post.startedMs > STEADY_MS ? 0 : post.failures;
    this.options.log.warn(`The storage daemon of ${vmaId} has ended: ${daemon.stderrTail().slice(-300)}`);
    this.schedule(vmaId);
  }

  private schedule(vmaId: string): void {
    const post = this.post(vmaId);
    if (this.closed) return;
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** post.failures);
    post.failures += 1;
    clearTimeout(post.retry);
    post.retry = setTimeout(() => void this.restart(vmaId), delayMs);
  }

  private async restart(vmaId: string): Promise<void> {
    const post = this.post(vmaId);
    try {
      await post.mutex.runExclusive(async () => {
        const wanted = await this.repository.countBy({ vmaId });
        if (!this.closed && wanted > 0) await this.running(vmaId);
      });
    } catch (error) {
      this.options.log.warn(
        `The storage daemon of ${vmaId} cannot be started: ${asMigrationError(error).message}`,
      );
      this.schedule(vmaId);
    }
  }

  private post(vmaId: string): Post {
    const post = this.posts.get(vmaId) ?? { mutex: new Mutex(), startedMs: 0, failures: 0 };
    this.posts.set(vmaId, post);
    return post;
  }

  private get repository() {
    return this.options.database.getRepository(NbdExport);
  }
}

/** Where a VMA's NBD channels go: a function of its id alone, so that the tunnel need not wait for any daemon. */
export function nbdSocketPath(runDir: string, vmaId: string): string {
  return join(runDir, `${nameOf(vmaId)}.sock`);
}

/** Short, because it stands in socket paths; one per VMA whatever its id is made of. */
function nameOf(vmaId: string): string {
  return `vma-${createHash('sha256').update(vmaId).digest('hex').slice(0, 10)}`;
}
