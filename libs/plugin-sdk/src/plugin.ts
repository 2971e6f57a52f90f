/** Major version of this contract. A plugin written for another one is refused at load. */
export const CONTRACT_VERSION = 1;

export type PluginKind = 'source' | 'target';

/** Static, JSON-safe, readable without connecting to anything. */
export interface PluginManifest<Kind extends PluginKind = PluginKind, Capability extends string = string> {
  /** kebab-case; equals the folder name under `plugins/`. */
  readonly id: string;
  readonly kind: Kind;
  readonly displayName: string;
  /** Major version of the plugin contract this was written against. */
  readonly contract: number;
  /** The most a connection may offer; what it does offer is known once connected. */
  readonly capabilities: readonly Capability[];
  /** Software that the plugin works with and that cannot come with it: the operator brings it as an archive. */
  readonly files?: readonly PluginFile[];
}

/** A `.tar.gz` that is uploaded and unpacked beside the plugin. */
export interface PluginFile {
  /** kebab-case; names the directory in `PluginContext.files`. */
  readonly id: string;
  readonly title: string;
  /** What it is, why it does not come with the appliance, and where to get it. */
  readonly description: string;
}

/** All a plugin is given. No globals, no environment, no host services. */
export interface PluginContext {
  readonly log: Logger;
  /** A directory of this connection's own, kept across restarts, mode 0700. */
  readonly scratchDir: string;
  readonly run: ProcessRunner;
  /** What was brought of the manifest's `files`: where each was unpacked, by id. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Logger {
  debug(message: string, context?: object): void;
  info(message: string, context?: object): void;
  warn(message: string, context?: object): void;
  error(message: string, context?: object): void;
}

/** How the host knows that a child is ready; probed, never slept for. */
export type Readiness =
  /** A Unix socket accepts a connection. */
  | { readonly socket: string }
  /** A file exists (a pid file, for example). */
  | { readonly file: string }
  /** The child was started only for its side effects; it is ready at once. */
  | 'spawned';

export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** A short name for logs. */
  readonly name?: string;
  readonly readyWhen: Readiness;
  /** Milliseconds until `process.not-ready`; 15 000 unless told. */
  readonly readyTimeoutMs?: number;
  /** Bytes for the child's standard input, for secrets that must not stand in argv. */
  readonly stdin?: string | Uint8Array;
  /** Extra environment; never secrets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Whether the child goes on when the host dies (a target machine does). Default false. */
  readonly detached?: boolean;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the child has ended, however it ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** The last lines of standard error, redacted. */
  stderrTail(): string;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** Children are supervised by the host: readiness is probed, secrets travel by fd, nothing outlives its lease. */
export interface ProcessRunner {
  /** Starts a long-lived child. Throws `process.missing`, `process.failed` or `process.not-ready` (with the tail of stderr as cause). */
  start(spec: ProcessSpec, options: { readonly signal: AbortSignal }): Promise<RunningProcess>;
  /** Runs a command to its end. Throws `process.failed` with the tail of stderr when it exits with anything but 0. */
  exec(
    spec: {
      readonly command: string;
      readonly args: readonly string[];
      readonly stdin?: string | Uint8Array;
      readonly timeoutMs?: number;
      /** Exit codes beside 0 that are not failures. */
      readonly okCodes?: readonly number[];
    },
    options: { readonly signal: AbortSignal },
  ): Promise<CommandResult>;
}
