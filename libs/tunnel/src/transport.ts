import type { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TunnelServerEvents } from './server-options.js';

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
