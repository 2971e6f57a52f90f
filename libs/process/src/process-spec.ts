import type { Socket } from 'node:net';

/** How the supervisor knows that a child is ready; probed, never slept for. */
export type Readiness = { readonly socket: string } | { readonly file: string } | 'spawned';

/** A long-lived child. The same shape as the plugin contract's, so a runner of this room serves plugins too. */
export interface ProcessSpec {
  /** A program's name, looked up in the child's PATH, or a path. */
  readonly command: string;
  readonly args: readonly string[];
  /** A short name for logs and errors. */
  readonly name?: string;
  readonly readyWhen: Readiness;
  /** Milliseconds until `process.not-ready`; 15 000 unless told. */
  readonly readyTimeoutMs?: number;
  /** Bytes for the child's standard input, for secrets that must not stand in argv. */
  readonly stdin?: string | Uint8Array;
  /**
   * An accepted connection, not read from yet (`pauseOnConnect`), that becomes the child's standard input and output, as
   * inetd did it. The caller's own copy stays open: destroy it as soon as the child runs.
   */
  readonly connection?: Socket;
  /** Gets every line of the child's standard error, as it is: unredacted, and with what a stranger made the child say. */
  readonly onStderrLine?: (line: string) => void;
  /** Extra environment; never secrets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the child goes on when the host dies. Default false: it is killed, even if the host is killed with -9. */
  readonly detached?: boolean;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the child has ended, however it ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** The last lines of standard error, redacted. */
  stderrTail(): string;
}

export interface CommandSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly stdin?: string | Uint8Array;
  /** Milliseconds until the command is killed and `process.failed` thrown; without it only the signal ends it. */
  readonly timeoutMs?: number;
  /** Exit codes beside 0 that are not failures. */
  readonly okCodes?: readonly number[];
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallSignal {
  readonly signal: AbortSignal;
}

/** Supervised children: no shell, a small fixed environment, readiness probed, nothing outlives the host unless it is told to. */
export interface ProcessRunner {
  /**
   * Starts a long-lived child and comes back when it is ready. The signal covers the start: once the child is
   * ready it lives until it is disposed (SIGTERM, then SIGKILL after 5 s).
   * Throws `process.missing`, `process.failed`, `process.not-ready` or `call.aborted`; then no child is left.
   */
  start(spec: ProcessSpec, options: CallSignal): Promise<RunningProcess>;
  /**
   * Runs a command to its end. Throws `process.missing`, `process.failed` (with the tail of stderr as cause and
   * `exitCode` in its context) or `call.aborted`; then the command is dead.
   */
  exec(spec: CommandSpec, options: CallSignal): Promise<CommandResult>;
}

/** The part of a logger that this room uses. */
export interface ProcessLogger {
  debug(message: string, context?: object): void;
  warn(message: string, context?: object): void;
}
