import type { CallOptions, TargetSession } from '@ossea/plugin-sdk';

/*
 * What the volumes' room needs of its neighbours. composition.ts provides each token; nothing here knows who does.
 */

/** Live sessions of configured target connections. A session stays usable until its connection is removed. */
export interface TargetSessions {
  open(connectionId: string, options: CallOptions): Promise<TargetSession>;
}
export const TARGET_SESSIONS = Symbol('TargetSessions');

/** Where a VM under management goes. */
export interface ContextTarget {
  readonly connectionId: string;
  /** What the operator chose; checked by the plugin's own schema. */
  readonly placement: unknown;
  readonly vmName: string;
}
export interface ContextTargets {
  /** Throws `request.not-found` for an unknown context. */
  targetOf(contextId: string): Promise<ContextTarget>;
}

export interface VolumesSettings {
  /** Holds the deltas: a volume of its own, large enough for the cycles of a hold. */
  readonly spoolDir: string;
  /** Holds the digest maps. */
  readonly stateDir: string;
  /** Holds sockets and locks; a short path, because a Unix socket's is at most 107 bytes. */
  readonly runDir: string;
  /** A cycle is refused when less than this would stay free in the spool, in bytes. */
  readonly spoolReserveBytes: number;
}
export const VOLUMES_SETTINGS = Symbol('VolumesSettings');

/** Token of the `CopyEngine` of `@ossea/copy-engine` that reads digests. */
export const COPY_ENGINE = Symbol('CopyEngine');

/** Token of the `ProcessRunner` of `@ossea/process`: storage daemons and image tools are its children. */
export const PROCESS_RUNNER = Symbol('ProcessRunner');
