import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMigrationError, type MigrationError } from '@ossea/errors';
import { plugin } from '@ossea/plugin-qemu-source';
import type { ChangedBlockTracking, Extent, PowerControl, SourceSession } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { ImageTool, MachineLauncher, QmpClient, diskDeviceId, type ImageFormat } from '@ossea/qemu';
import { expect } from 'vitest';
import { until } from '../../stack/probe.js';

export const MIB = 1 << 20;
export const VM = 'm1';
export const call = { signal: new AbortController().signal };
const run = createProcessRunner();

export interface BenchDisk {
  readonly key: string;
  readonly format: ImageFormat;
  readonly sizeBytes: number;
}

/** A QEMU host with one machine that has no guest: the test writes in its place, and knows every byte. */
export class SourceBench implements AsyncDisposable {
  readonly run = run;
  readonly images = new ImageTool(run);
  /** What each disk holds now, by what was written. */
  readonly contents = new Map<string, Buffer>();
  session!: SourceSession;
  private keys = 0;

  private constructor(
    readonly directory: string,
    readonly disks: readonly BenchDisk[],
    readonly launcher: MachineLauncher,
  ) {}

  static async start(
    disks: readonly BenchDisk[] = [
      { key: 'vda', format: 'qcow2', sizeBytes: 8 * MIB },
      { key: 'vdb', format: 'qcow2', sizeBytes: 3 * MIB + 512 },
    ],
  ): Promise<SourceBench> {
    const directory = await mkdtemp(join(tmpdir(), 'qs-'));
    const machinesDir = join(directory, 'm');
    await mkdir(machinesDir);
    const launcher = new MachineLauncher({ runner: run, machinesDir });
    const bench = new SourceBench(directory, disks, launcher);
    for (const { key, format, sizeBytes } of disks) {
      if (format === 'raw') await bench.images.createRawImage(bench.file(key), sizeBytes, call);
      else await bench.images.createQcow2Image(bench.file(key), sizeBytes, call);
      bench.contents.set(key, Buffer.alloc(sizeBytes));
    }
    await launcher.define({
      id: VM,
      name: 'Machine',
      cpus: 1,
      memoryBytes: 64 * MIB,
      firmware: 'bios',
      disks: disks.map(({ key, format }) => ({ key, file: bench.file(key), format, boot: key === 'vda' })),
      nics: [{ key: 'nic0', mac: '52:54:00:00:00:11', network: 'default' }],
      accelerator: 'tcg',
    });
    bench.session = await bench.connect();
    return bench;
  }

  get tracking(): ChangedBlockTracking {
    return this.session.can.changedBlocks!;
  }
  get power(): PowerControl {
    return this.session.can.power!;
  }
  get settings(): { readonly machinesDir: string } {
    return { machinesDir: join(this.directory, 'm') };
  }

  file(disk: string): string {
    return join(this.directory, `${disk}.img`);
  }

  /** Another session, as of an appliance that was started again. */
  connect(): Promise<SourceSession> {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    return plugin.connect(this.settings, { log, scratchDir: this.directory, run }, call);
  }

  async reconnect(): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    this.session = await this.connect();
  }

  /** Writes as the guest would, or to the image of a machine that is off; zeroes and discards as such. */
  async write(disk: string, offset: number, length: number, how: 'data' | 'zeroes' = 'data'): Promise<void> {
    const bytes = how === 'zeroes' ? Buffer.alloc(length) : randomBytes(length);
    const pattern = join(this.directory, 'pattern');
    await writeFile(pattern, bytes);
    const command =
      how === 'zeroes' ? `write -z ${offset} ${length}` : `write -s ${pattern} ${offset} ${length}`;
    const running = await this.launcher.find(VM);
    if (running) {
      await this.throughDevice(disk, command);
    } else {
      const { format } = this.disks.find(({ key }) => key === disk)!;
      await run.exec({ command: 'qemu-io', args: ['-f', format, '-c', command, this.file(disk)] }, call);
    }
    bytes.copy(this.contents.get(disk)!, offset);
  }

  /** A command of qemu-io, through the disk's device. */
  private async throughDevice(disk: string, command: string): Promise<void> {
    const line = `qemu-io -d /machine/peripheral/${diskDeviceId(disk)}/virtio-backend "${command}"`;
    await this.operator((qmp) => qmp.execute('human-monitor-command', { 'command-line': line }));
  }

  /** Work at the operator's monitor of the running machine. */
  async operator<T>(work: (qmp: QmpClient) => Promise<T>): Promise<T> {
    await using qmp = await QmpClient.connect(this.launcher.paths(VM).operatorQmp, call);
    return await work(qmp);
  }

  newKey(): string {
    this.keys += 1;
    return `cycle-${this.keys}`;
  }

  snapshot(key = this.newKey(), session = this.session): Promise<string> {
    return session.snapshots.create({ vm: VM, quiesce: true }, { key, ...call });
  }

  remove(ref: string): Promise<void> {
    return this.session.snapshots.remove(ref, call);
  }

  /** All that a disk of a snapshot shows, read over NBD by somebody else's client. */
  async frozen(disk: string, snapshot: string, session = this.session): Promise<Buffer> {
    const lease = await session.disks.open(disk, snapshot, call);
    try {
      if (lease.value.transport !== 'nbd-unix') throw new Error('a Unix socket was expected');
      const out = join(this.directory, 'frozen.raw');
      const uri = `nbd+unix:///${lease.value.exportName}?socket=${lease.value.path}`;
      await run.exec({ command: 'nbdcopy', args: [uri, out] }, call);
      return await readFile(out);
    } finally {
      await lease[Symbol.asyncDispose]();
    }
  }

  async changes(disk: string, since: string, until: string, session = this.session): Promise<Extent[]> {
    const extents: Extent[] = [];
    for await (const extent of session.can.changedBlocks!.changes(disk, { since, until }, call))
      extents.push(extent);
    return extents;
  }

  /** Kills QEMU as a loss of power would, when all that was written is on the disks. */
  async kill(): Promise<void> {
    for (const { key } of this.disks) await this.throughDevice(key, 'flush');
    const { pid } = (await this.launcher.find(VM))!;
    process.kill(pid, 'SIGKILL');
    await until('the machine is gone', async () => !(await this.launcher.find(VM)));
    // it lets go of its disks last
    await until('its process has ended', () => hasEnded(pid));
  }

  /** Has a disk open for writing, as a program that knows nothing of us would. */
  async hold(disk: string): Promise<AsyncDisposable> {
    const socket = join(this.directory, 'other.sock');
    const { format } = this.disks.find(({ key }) => key === disk)!;
    const args = ['-t', '-f', format, '-k', socket, this.file(disk)];
    return run.start({ command: 'qemu-nbd', args, readyWhen: { socket } }, call);
  }

  /** Ends QEMU cleanly. */
  stop(): Promise<void> {
    return this.power.stop(VM, { ...call, force: true, timeoutMs: 10_000 });
  }

  startMachine(): Promise<void> {
    return this.power.start(VM, call);
  }

  /** What snapshots have left: in the machine's folder, in QEMU, and bitmaps by disk. */
  async leftovers(): Promise<{ files: string[]; nodes: string[]; exports: string[] }> {
    const files = (await readdir(this.launcher.paths(VM).directory)).filter((name) =>
      /^(ossea|o-)/.test(name),
    );
    if (!(await this.launcher.find(VM))) return { files, nodes: [], exports: [] };
    return this.operator(async (qmp) => {
      const ordinary = this.disks.flatMap(({ key }) => [key, `${key}-file`, `${key}-top`]);
      const nodes = await qmp.execute<readonly { 'node-name': string }[]>('query-named-block-nodes', {
        flat: true,
      });
      const exports = await qmp.execute<readonly { id: string }[]>('query-block-exports');
      return {
        files,
        nodes: nodes.map((node) => node['node-name']).filter((name) => !ordinary.includes(name)),
        exports: exports.map(({ id }) => id),
      };
    });
  }

  /** The bitmaps of a disk as the running machine tells. */
  bitmaps(disk: string): Promise<string[]> {
    return this.operator(async (qmp) => {
      const nodes = await qmp.execute<
        readonly { 'node-name': string; 'dirty-bitmaps'?: readonly { name?: string }[] }[]
      >('query-named-block-nodes', { flat: true });
      const node = nodes.find((one) => one['node-name'] === disk);
      return (node?.['dirty-bitmaps'] ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
    await this.launcher.stop(VM, { ...call, force: true, timeoutMs: 10_000 });
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const NOTHING_LEFT = { files: [], nodes: [], exports: [] };

/** What a call fails with. */
export async function failure(action: Promise<unknown>): Promise<MigrationError> {
  const error: unknown = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMigrationError(error)) throw new Error(`no MigrationError came out: ${String(error)}`);
  return error;
}

/** A target that takes part in cycles as the OMA would: what is sealed is what it holds, and the tokens of then. */
export class Replica {
  readonly sealed = new Map<string, { readonly bytes: Buffer; readonly token: string }>();

  constructor(private readonly bench: SourceBench) {}

  /**
   * One whole cycle. Fails unless what is sealed is, byte by byte, what the disks held at the snapshot.
   * @param beside what happens between the snapshot and the copy.
   * @returns how many bytes each disk had to move; `undefined` where it was copied in full.
   */
  async cycle(beside: () => Promise<void> = async () => {}): Promise<Map<string, number | undefined>> {
    const { bench } = this;
    const snapshot = await bench.snapshot();
    const then = new Map([...bench.contents].map(([key, bytes]) => [key, Buffer.from(bytes)]));
    await beside();
    const moved = new Map<string, number | undefined>();
    const next = new Map<string, { readonly bytes: Buffer; readonly token: string }>();
    for (const { key } of bench.disks) {
      const frozen = await bench.frozen(key, snapshot);
      const last = this.sealed.get(key);
      const extents = last && (await this.changesOrReset(key, last.token, snapshot));
      const bytes = extents ? Buffer.from(last.bytes) : frozen;
      for (const { offset, length } of extents ?? []) frozen.copy(bytes, offset, offset, offset + length);
      expect(bytes.equals(then.get(key)!), `${key} is what it was at the snapshot`).toBe(true);
      moved.set(
        key,
        extents?.reduce((sum, { length }) => sum + length, 0),
      );
      next.set(key, { bytes, token: await bench.tracking.token(key, snapshot, call) });
    }
    for (const [key, value] of next) this.sealed.set(key, value);
    await bench.remove(snapshot);
    return moved;
  }

  private async changesOrReset(
    key: string,
    token: string,
    snapshot: string,
  ): Promise<readonly Extent[] | undefined> {
    try {
      return await this.bench.changes(key, token, snapshot);
    } catch (error) {
      if (isMigrationError(error) && error.code === 'tracking.reset') return undefined;
      throw error;
    }
  }
}

/** Whether nothing of a process is left but its exit status. */
function hasEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
