import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import { stopByPid, waitUntilGone, type CallSignal, type ProcessRunner } from '@ossea/process';
import { storageKindOf, type StorageKind } from './block-node.js';
import { machineArguments } from './machine-arguments.js';
import { diskPath, type MachineDefinition, type MachinePaths } from './machine-definition.js';
import { findMachineProcess, forgetMachineProcess, type MachineProcess } from './machine-process.js';
import { MachineStore } from './machine-store.js';
import { probeAccelerator } from './probe-accelerator.js';
import { codeOfText } from './qemu-fault.js';
import { QmpClient, uniqueId } from './qmp-client.js';
import { uefiImages } from './uefi-images.js';

export type MachineState = 'running' | 'stopped' | 'suspended';

const START_TIMEOUT_MS = 60_000;
const QUIT_TIMEOUT_MS = 15_000;

/**
 * Runs the machines of a QEMU host. A machine is a process of its own that outlives whoever started it; any
 * launcher on the same directory finds it again by its pid file.
 */
export class MachineLauncher {
  private readonly store: MachineStore;
  private readonly runner: ProcessRunner;

  constructor(options: { readonly runner: ProcessRunner; readonly machinesDir: string }) {
    this.runner = options.runner;
    this.store = new MachineStore(options.machinesDir);
  }

  /** The ids of all machines. Throws `config.invalid` when the directory cannot be read. */
  list(): Promise<readonly string[]> {
    return this.store.ids();
  }

  /** Throws `resource.not-found`, `config.invalid`. */
  read(id: string): Promise<MachineDefinition> {
    return this.store.read(id);
  }

  paths(id: string): MachinePaths {
    return this.store.paths(id);
  }

  /** Writes a definition atomically, replacing an earlier one; a running machine keeps what it was started with. */
  define(machine: MachineDefinition): Promise<void> {
    return this.store.write(machine);
  }

  /** Forgets a machine that is off, but not its disks. Forgetting what is not there succeeds. Throws `resource.busy`. */
  async undefine(id: string): Promise<void> {
    if (await this.find(id)) {
      throw new MigrationError('resource.busy', 'The machine runs.', { context: { machine: id } });
    }
    await this.store.remove(id);
  }

  /** The machine's QEMU process, when it has one. */
  find(id: string): Promise<MachineProcess | undefined> {
    return findMachineProcess(this.store.paths(id));
  }

  /**
   * Whether it is on. A machine whose process lives counts as running when it cannot be asked: it may write.
   * Throws `resource.not-found`, `call.aborted`.
   */
  async state(id: string, { signal }: CallSignal): Promise<MachineState> {
    throwIfAborted(signal);
    await this.store.read(id);
    if (!(await this.find(id))) return 'stopped';
    try {
      await using qmp = await this.qmp(id, { signal, timeoutMs: 3_000 });
      const { status } = await qmp.execute<{ status: string }>('query-status', undefined, { signal });
      return ['paused', 'suspended', 'prelaunch', 'io-error'].includes(status) ? 'suspended' : 'running';
    } catch (error) {
      throwIfAborted(signal);
      if (!isMigrationError(error) || error.code !== 'peer.unreachable') throw error;
      return (await this.find(id)) ? 'running' : 'stopped';
    }
  }

  /**
   * Starts a machine; one that runs is left alone and one that is paused goes on.
   * @param options.paused starts it without letting it execute anything: it only holds its disks.
   * Throws `machine.start-failed` with QEMU's words as cause, `volume.in-use`, `resource.not-found`, `process.missing`.
   */
  async start(
    id: string,
    { signal, paused = false }: CallSignal & { readonly paused?: boolean },
  ): Promise<void> {
    throwIfAborted(signal);
    const machine = await this.store.read(id);
    if (await this.find(id)) {
      if (!paused && (await this.state(id, { signal })) === 'suspended') {
        await using qmp = await this.qmp(id, { signal });
        await qmp.execute('cont', undefined, { signal });
      }
      return;
    }
    const paths = this.store.paths(id);
    await forgetMachineProcess(paths);
    const diskKinds = new Map<string, StorageKind>();
    for (const disk of machine.disks)
      diskKinds.set(disk.key, await storageKindOf(diskPath(paths.directory, disk)));
    const accelerator = machine.accelerator ?? (await probeAccelerator(this.runner));
    const uefi = machine.firmware === 'uefi' ? await uefiImages(paths.firmwareVariables) : undefined;
    const args = machineArguments(machine, paths, {
      accelerator,
      diskKinds,
      paused,
      ...(uefi ? { uefi } : {}),
    });
    try {
      await this.runner.exec(
        { command: 'qemu-system-x86_64', args, timeoutMs: START_TIMEOUT_MS },
        { signal },
      );
    } catch (error) {
      // a start that was cut off may have got as far as a running machine
      const started = await this.find(id);
      if (started) await stopByPid(started.pid, { startTime: started.startTime, graceMs: 2_000 });
      throw startFault(error, id);
    }
    if (!(await this.find(id))) {
      throw new MigrationError('machine.start-failed', 'The machine ended as soon as it was started.', {
        context: { machine: id },
      });
    }
  }

  /**
   * Connects to the machine's monitor. QEMU serves one client of it at a time: do the work and close.
   * @param options.timeoutMs covers the wait for whoever holds it; 10 000 unless told.
   * Throws `peer.unreachable` when the machine is off.
   */
  qmp(id: string, options: CallSignal & { readonly timeoutMs?: number }): Promise<QmpClient> {
    return QmpClient.connect(this.store.paths(id).qmp, options);
  }

  /**
   * Stops a machine and comes back once its process is gone; stopping one that is off succeeds.
   * @param options.force false presses the power button and throws `machine.not-stopped` after `timeoutMs`;
   * true ends QEMU, which still closes its images in order.
   */
  async stop(
    id: string,
    options: CallSignal & { readonly force: boolean; readonly timeoutMs: number },
  ): Promise<void> {
    throwIfAborted(options.signal);
    await this.store.read(id);
    const found = await this.find(id);
    if (found) {
      if (options.force) await this.quit(id, found, options.signal);
      else await this.askToStop(id, found, options);
    }
    await forgetMachineProcess(this.store.paths(id));
  }

  /** What the machine shows, as PNG. Throws `machine.boot-failed` when it shows nothing, `peer.unreachable` when it is off. */
  async screenshot(id: string, { signal }: CallSignal): Promise<Buffer> {
    const file = join(this.store.paths(id).directory, `${uniqueId('screen')}.png`);
    try {
      await using qmp = await this.qmp(id, { signal });
      await qmp.execute('screendump', { filename: file, format: 'png' }, { signal });
      return await readFile(file);
    } finally {
      await rm(file, { force: true });
    }
  }

  /** The end of what the machine printed to its serial console, over all its starts; empty when it never did. */
  async serialTail(id: string, maxBytes: number): Promise<string> {
    const file = await open(this.store.paths(id).serialLog).catch(() => undefined);
    if (!file) return '';
    try {
      const { size } = await file.stat();
      const length = Math.min(size, Math.max(0, Math.floor(maxBytes)));
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  private async askToStop(
    id: string,
    found: MachineProcess,
    { signal, timeoutMs }: CallSignal & { readonly timeoutMs: number },
  ): Promise<void> {
    const notStopped = (cause?: unknown): MigrationError =>
      new MigrationError('machine.not-stopped', `The machine did not shut down within ${timeoutMs} ms.`, {
        context: { machine: id },
        ...(cause === undefined ? {} : { cause }),
      });
    const until = performance.now() + timeoutMs;
    try {
      await using qmp = await this.qmp(id, { signal, timeoutMs: Math.max(1_000, timeoutMs) });
      await qmp.execute('system_powerdown', undefined, { signal });
    } catch (error) {
      throwIfAborted(signal);
      if (await this.find(id)) throw notStopped(error);
      return;
    }
    const left = Math.max(0, until - performance.now());
    if (!(await waitUntilGone(found.pid, { startTime: found.startTime, timeoutMs: left, signal })))
      throw notStopped();
  }

  private async quit(id: string, found: MachineProcess, signal: AbortSignal): Promise<void> {
    try {
      await using qmp = await this.qmp(id, { signal, timeoutMs: 3_000 });
      await qmp.execute('quit', undefined, { signal });
    } catch {
      // gone, or its monitor is held: its process is asked below
      throwIfAborted(signal);
      await stopByPid(found.pid, { startTime: found.startTime, graceMs: QUIT_TIMEOUT_MS });
    }
    const gone = await waitUntilGone(found.pid, {
      startTime: found.startTime,
      timeoutMs: QUIT_TIMEOUT_MS,
      signal,
    });
    if (!gone) await stopByPid(found.pid, { startTime: found.startTime, graceMs: 0 });
  }
}

function startFault(error: unknown, id: string): MigrationError {
  if (isMigrationError(error) && error.code !== 'process.failed') return error;
  const words = error instanceof Error ? error.message : String(error);
  const code = codeOfText(words) ?? 'machine.start-failed';
  return new MigrationError(code, `The machine cannot be started: ${words}`, {
    cause: error,
    context: { machine: id },
  });
}
