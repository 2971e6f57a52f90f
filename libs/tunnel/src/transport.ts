import type { Duplex } from 'node:stream';
import type { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TunnelServerEvents } from './server-options.js';
import type { TunnelClientEvents, TunnelState } from './tunnel-client.js';

/** Who speaks SSH at the target side: our own server, or the system's OpenSSH under our configuration. */
export type TunnelKind = 'ssh2' | 'openssh';

/** One connection that has proven which VMA it is. */
export interface LiveSession {
  /** Counts up; never given twice by one server. */
  readonly connection: number;
  /** Of the VMA. */
  readonly id: string;
  /** Where it dialled from. */
  readonly address: string;
  readonly since: Date;
  /** In both directions, where the transport can tell while the session lives. */
  readonly bytes?: number;
}

/** What the appliance needs of a tunnel server, whoever speaks SSH. Events: `TunnelServerEvents`. */
export interface TunnelTransport extends EventEmitter<TunnelServerEvents> {
  readonly kind: TunnelKind;
  /** `SHA256:…` of the host key, to be compared by people. */
  readonly hostKeyFingerprint: string;
  /**
   * Starts to listen; port 0 takes any free one.
   * Rejects with the system's error when the address cannot be bound, with `config.invalid` or `config.missing` where
   * the transport cannot work on this machine.
   */
  listen(where: { readonly host: string; readonly port: number }): Promise<AddressInfo>;
  /** Ids of the VMAs that are connected now, with the number of their connections. */
  connected(): ReadonlyMap<string, number>;
  /** The live connections of VMAs. */
  sessions(): readonly LiveSession[];
  /**
   * Takes note that `identify` answers otherwise from now on: whose key is not accepted any more, because it is gone,
   * belongs to another VMA or has expired, is cut. Settles when that is done.
   */
  refresh(): Promise<void>;
  /**
   * Cuts all live connections of a VMA at once. `identify` must refuse its key from before this call.
   * @returns how many there were.
   */
  revoke(id: string): number;
  /** Cuts everything and stops listening. */
  close(): Promise<void>;
}

/** The source side of the tunnel, whoever speaks SSH: dials, and comes back for ever. Events: `TunnelClientEvents`. */
/** One connection of a tunnel, for whoever wants to try or count it. */
export interface TunnelWay {
  /** Carried so far, both ways; absent where another program counts. */
  readonly bytes?: number;
  /** A channel to the server's NBD. Rejects as `SshConnection.open` does. */
  openNbd(): Promise<Duplex>;
  /** A channel that the server refuses is closed here without a byte, instead of a rejection. */
  readonly closesWhenRefused: boolean;
}

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
  /** Cuts the live connections, so that new ones are made. */
  restart(): void;
}
