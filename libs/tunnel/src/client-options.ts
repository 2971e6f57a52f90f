import type { Duplex } from 'node:stream';
import type { EventEmitter } from 'node:events';
import type { MigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import type { TunnelEndpoints } from './algorithms.js';
import type { Backoff } from './backoff.js';
import type { DialOptions } from './ssh-connection.js';

/** Where the agent's API listens on this machine. */
export type AgentEndpoint = { readonly path: string } | { readonly port: number };

export interface TunnelClientOptions extends Omit<DialOptions, 'username'> {
  /** Unix socket on which this client offers the server's NBD; its directory should be 0700. */
  readonly nbdSocketPath: string;
  /** Also offer it on this loopback port (0: any). */
  readonly nbdPort?: number;
  readonly agent?: AgentEndpoint;
  /** What to ask the server for; the two usual addresses unless told. */
  readonly endpoints?: TunnelEndpoints;
  /** SSH connections; NBD channels take turns over them. One is one core's cipher at each end. */
  readonly connections?: number;
  /** How long a local NBD connection waits for the tunnel before it is closed, in milliseconds; 15 000 unless told. */
  readonly holdMs?: number;
  readonly backoff?: () => Backoff;
  /** For the system's ssh: where its key and the server's lie (a directory of ours alone), and who runs it. */
  readonly openSsh?: { readonly directory?: string; readonly runner?: ProcessRunner };
}

export interface TunnelState {
  /** `up`: every connection is there. `degraded`: some are. */
  readonly state: 'up' | 'degraded' | 'down';
  readonly connections: number;
  /** Why the last attempt failed; absent while everything is up. */
  readonly error?: MigrationError;
}

export interface TunnelClientEvents {
  state: [TunnelState];
}

/** One connection of a tunnel, for whoever wants to try or count it. */
export interface TunnelWay {
  /** Carried so far, both ways; absent where another program counts. */
  readonly bytes?: number;
  /** A channel to the server's NBD. Rejects as `SshConnection.open` does. */
  openNbd(): Promise<Duplex>;
  /** A channel that the server refuses is closed here without a byte, instead of a rejection. */
  readonly closesWhenRefused: boolean;
}

/** The source side of the tunnel, whoever speaks SSH: dials, and comes back for ever. Events: `TunnelClientEvents`. */
export interface SourceTunnel extends EventEmitter<TunnelClientEvents>, AsyncDisposable {
  readonly state: TunnelState;
  /** The loopback port where the server's NBD is offered, where one was asked for. */
  readonly nbdPort: number | undefined;
  /** The connections that stand now. */
  readonly connections: readonly TunnelWay[];
  /** Begins to dial; returns before the tunnel is up. Rejects when a local socket cannot be bound. */
  start(): Promise<void>;
  /** Resolves once at least one connection is up; rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Dials with this key from now on. New connections are made beside the old ones where the server allows it; an old one
   * carries what it carries until the server ends it. Rejects with `auth.rejected` when the server does not accept the
   * key, with `peer.unreachable` when it cannot be asked; then nothing has changed.
   */
  useKey(privateKey: string): Promise<void>;
  /** Cuts the live connections, so that new ones are made. */
  restart(): void;
}
