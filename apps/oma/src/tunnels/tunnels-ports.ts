import type { TunnelKind } from '@ossea/tunnel';
import type { ProbeRates } from '@ossea/tunnel';

/*
 * What the tunnels' room needs of its neighbours. composition.ts provides each token; nothing here knows who does.
 */

/** Where the NBD channels of a VMA go: to its own storage daemon, and to no other. */
export interface NbdSockets {
  /** Known before the daemon runs, the same for as long as the VMA exists. */
  nbdSocketFor(vmaId: string): string;
}
export const NBD_SOCKETS = Symbol('NbdSockets');

export interface TunnelsSettings extends ProbeRates {
  /** Where VMAs dial in. Port 0 takes any free one, and keeps it until this process ends. */
  readonly host: string;
  readonly port: number;
  /** The first VMA's agent on our loopback, the next ones get the following numbers; 0 takes any free ones. */
  readonly firstAgentPort: number;
  /** Who speaks SSH at the server. */
  readonly transport: TunnelKind;
  /** The first VMA's NBD on our loopback, which OpenSSH needs; 0: none. */
  readonly firstNbdPort: number;
  /** Where OpenSSH's configuration and keys lie. */
  readonly opensshDir: string;
  /** A key of a VMA ends after so many days, and is changed after so many. */
  readonly keyDays: number;
  readonly rotateKeyDays: number;
  /** Pairing codes that may be tried within a minute: from one network, and in all. */
  readonly enrolmentsPerMinute: number;
  readonly enrolmentsInAllPerMinute: number;
  /** Holds the host key and the agent-token key. */
  readonly stateDir: string;
  /** Holds sockets; a short path, because a Unix socket's is at most 107 bytes. Mode 0700. */
  readonly runDir: string;
}
export const TUNNELS_SETTINGS = Symbol('TunnelsSettings');

/** Who asked for an operation, and the id that runs through its job. */
export interface Requester {
  readonly name: string;
  readonly correlationId: string;
}
