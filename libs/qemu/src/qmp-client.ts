import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MigrationError, isMigrationError, throwIfAborted, withDeadline } from '@ossea/errors';
import { codeOfText } from './qemu-fault.js';
import { connectUnix } from './connect-unix.js';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Arguments = Readonly<Record<string, unknown>>;

interface Waiter {
  readonly matches: (event: QmpEvent) => boolean;
  readonly resolve: (event: QmpEvent) => void;
  readonly reject: (error: MigrationError) => void;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: MigrationError) => void;
}

/** What stands for the greeting among the commands, whose ids begin with 1. */
const GREETING = 0;
const RETRY_MS = 25;
const JOB_TIMEOUT_MS = 600_000;

/**
 * A client of QEMU's machine protocol (docs/interop/qmp-spec.txt of QEMU), over a Unix socket.
 * QEMU serves one client per monitor at a time, so a connection is held for one piece of work and closed.
 * Errors of commands are MigrationErrors with `command` in the context: `volume.in-use`, `storage.full`,
 * `disk.too-large`, `disk.size-invalid` by QEMU's words, else `process.failed` (`qmpClass` in the context).
 * A lost connection rejects everything that waits with `peer.unreachable`.
 */
export class QmpClient implements AsyncDisposable {
  private readonly pending = new Map<number, Pending>();
  private waiters: Waiter[] = [];
  private nextId = 1;
  private received = '';
  private lost: MigrationError | undefined;
  private greeted: (() => void) | undefined;
  private droppedUngreeted = false;

  private constructor(
    private readonly socket: Socket,
    private readonly path: string,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.droppedUngreeted = this.pending.has(GREETING);
      this.lose('The connection to the monitor was lost.');
    });
  }

  /**
   * Connects and leaves the negotiation mode.
   * @param options.timeoutMs covers a monitor that is not there yet and one that serves somebody else; 10 000 unless told.
   * Throws `peer.unreachable`, `call.aborted`.
   */
  static async connect(
    path: string,
    options: { readonly signal: AbortSignal; readonly timeoutMs?: number },
  ): Promise<QmpClient> {
    throwIfAborted(options.signal);
    const timeoutMs = options.timeoutMs ?? 10_000;
    return withDeadline(options.signal, timeoutMs, (limited) =>
      QmpClient.connectWithin(path, limited.signal, options.signal, timeoutMs),
    );
  }

  private static async connectWithin(
    path: string,
    limit: AbortSignal,
    stop: AbortSignal,
    timeoutMs: number,
  ): Promise<QmpClient> {
    for (;;) {
      const socket = await connectUnix(path, limit);
      if (!socket) {
        throwIfAborted(stop);
        throw unreachable(path, `No monitor answers after ${timeoutMs} ms.`);
      }
      const client = new QmpClient(socket, path);
      const giveUp = (): void => client.lose(`The monitor does not greet within ${timeoutMs} ms.`);
      limit.addEventListener('abort', giveUp, { once: true });
      try {
        if (limit.aborted) giveUp();
        await client.greeting();
        await client.execute('qmp_capabilities');
        return client;
      } catch (error) {
        client.socket.destroy();
        throwIfAborted(stop);
        // While QEMU parts with the client before, such as a probe of readiness, it drops the next one ungreeted.
        if (!client.droppedUngreeted || limit.aborted) throw error;
        await delay(RETRY_MS);
      } finally {
        limit.removeEventListener('abort', giveUp);
      }
    }
  }

  /** Whether commands can still be sent. */
  get connected(): boolean {
    return this.lost === undefined;
  }

  /**
   * Sends a command and gives what it returns.
   * An aborted signal stops the waiting (`call.aborted`); QEMU carries out the command all the same.
   */
  execute<T = unknown>(
    command: string,
    args?: Arguments,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const { signal } = options;
    return new Promise<T>((resolve, reject) => {
      if (this.lost) return reject(this.lost);
      if (signal?.aborted) return reject(new MigrationError('call.aborted', 'The call was aborted.'));
      const id = this.nextId++;
      const aborted = (): void => {
        this.pending.delete(id);
        reject(new MigrationError('call.aborted', 'The call was aborted.'));
      };
      signal?.addEventListener('abort', aborted, { once: true });
      const settle = (): void => signal?.removeEventListener('abort', aborted);
      this.pending.set(id, {
        command,
        resolve: (value) => (settle(), resolve(value as T)),
        reject: (error) => (settle(), reject(error)),
      });
      this.socket.write(
        `${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id })}\n`,
      );
    });
  }

  /**
   * Waits for an event that comes after this call: subscribe before sending the command that causes it.
   * Throws `process.not-ready` after `timeoutMs`, `call.aborted`, `peer.unreachable`.
   */
  waitForEvent(
    matches: (event: QmpEvent) => boolean,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<QmpEvent> {
    const waiting = new Promise<QmpEvent>((resolve, reject) => {
      if (this.lost) return reject(this.lost);
      const end = (): void => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', aborted);
        this.waiters = this.waiters.filter((other) => other !== waiter);
      };
      const waiter: Waiter = {
        matches,
        resolve: (event) => (end(), resolve(event)),
        reject: (error) => (end(), reject(error)),
      };
      const aborted = (): void => waiter.reject(new MigrationError('call.aborted', 'The call was aborted.'));
      const timer = setTimeout(
        () =>
          waiter.reject(
            new MigrationError('process.not-ready', `QEMU sent no event in ${options.timeoutMs} ms.`),
          ),
        options.timeoutMs,
      );
      this.waiters.push(waiter);
      options.signal?.addEventListener('abort', aborted, { once: true });
      if (options.signal?.aborted) aborted();
    });
    // the caller may fail before it awaits this
    waiting.catch(() => undefined);
    return waiting;
  }

  /**
   * Runs a background job to its end and dismisses it. The job must be told `auto-dismiss: false` where it has
   * that argument, or its error is lost. Job ids must be new each time: see `uniqueId`.
   * Throws what the job reports, as `execute` does.
   */
  async runJob(
    jobId: string,
    command: string,
    args: Arguments,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const concluded = this.waitForEvent(
      ({ event, data }) =>
        event === 'JOB_STATUS_CHANGE' && data['id'] === jobId && data['status'] === 'concluded',
      {
        timeoutMs: options.timeoutMs ?? JOB_TIMEOUT_MS,
        ...(options.signal ? { signal: options.signal } : {}),
      },
    );
    await this.execute(command, args);
    await concluded;
    const jobs = await this.execute<readonly { id: string; error?: string }[]>('query-jobs');
    const job = jobs.find(({ id }) => id === jobId);
    if (job) await this.execute('job-dismiss', { id: jobId });
    if (job?.error !== undefined) throw commandFault(command, { class: 'JobError', desc: job.error });
  }

  /** Parts with QEMU; what still waits is rejected with `peer.unreachable`. Closing twice is harmless. */
  close(): void {
    this.lose('The connection to the monitor was closed.');
    this.socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  private async greeting(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.greeted = resolve;
      if (this.lost) return reject(this.lost);
      this.pending.set(GREETING, { command: 'greeting', resolve: () => resolve(), reject });
    });
    this.pending.delete(GREETING);
  }

  private receive(text: string): void {
    this.received += text;
    for (;;) {
      const end = this.received.indexOf('\n');
      if (end < 0) return;
      const line = this.received.slice(0, end).trim();
      this.received = this.received.slice(end + 1);
      if (line !== '') this.read(line);
    }
  }

  private read(line: string): void {
    let message: {
      QMP?: unknown;
      event?: string;
      data?: Record<string, unknown>;
      id?: number;
      return?: unknown;
      error?: { class: string; desc: string };
    };
    try {
      message = JSON.parse(line) as typeof message;
    } catch {
      this.lose('The peer does not speak QMP.');
      this.socket.destroy();
      return;
    }
    if (message.QMP !== undefined) return this.greeted?.();
    if (message.event !== undefined) {
      const event: QmpEvent = { event: message.event, data: message.data ?? {} };
      for (const waiter of this.waiters.filter(({ matches }) => matches(event))) waiter.resolve(event);
      return;
    }
    const pending = message.id === undefined ? undefined : this.pending.get(message.id);
    if (!pending) return;
    this.pending.delete(message.id!);
    if (message.error) pending.reject(commandFault(pending.command, message.error));
    else pending.resolve(message.return);
  }

  private lose(why: string): void {
    this.lost ??= unreachable(this.path, why);
    for (const { reject } of this.pending.values()) reject(this.lost);
    this.pending.clear();
    for (const { reject } of this.waiters) reject(this.lost);
  }
}

function unreachable(path: string, why: string): MigrationError {
  return new MigrationError('peer.unreachable', why, { context: { socket: path } });
}

function commandFault(command: string, error: { class: string; desc: string }): MigrationError {
  return new MigrationError(codeOfText(error.desc) ?? 'process.failed', `${command}: ${error.desc}`, {
    context: { command, qmpClass: error.class, description: error.desc },
  });
}

/** Whether QEMU refused a command with words that match. */
export function isQmpRefusal(error: unknown, pattern: RegExp): boolean {
  return isMigrationError(error) && pattern.test(String(error.context['description'] ?? ''));
}

/** A new id for a job, a node or an export: starts with a letter and stays below QEMU's 31 characters. */
export function uniqueId(prefix: string): string {
  return `${prefix.slice(0, 16)}-${randomBytes(6).toString('hex')}`;
}
