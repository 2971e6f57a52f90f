import type { TurnRates } from './turn-taking.js';
import type { OpenSshSettings } from './openssh/settings.js';

/**
 * A VMA as the tunnel server knows it: one key, one NBD socket, one listener for its agent. While a key is replaced the
 * same id stands there twice, with two keys and else the same.
 */
export interface TunnelIdentity {
  readonly id: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  /** The storage daemon of this VMA, and of no other. */
  readonly nbdSocketPath: string;
  /** Where the server listens for calls to this VMA's agent: a Unix socket, a loopback port (0: any), or both. */
  readonly agentSocketPath?: string;
  readonly agentPort?: number;
  /** With OpenSSH, what the VMA asks for in the place of the one NBD address: a loopback number of its own. */
  readonly nbdPort?: number;
  /** From then on the key is refused. */
  readonly expiresAt?: Date;
}

/** Whether the key of an identity may still be used. */
export function isExpired({ expiresAt }: Pick<TunnelIdentity, 'expiresAt'>, nowMs = Date.now()): boolean {
  return expiresAt !== undefined && expiresAt.getTime() <= nowMs;
}

export interface EnrolPeer {
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly address: string;
}

export interface TunnelLimits {
  /** Milliseconds from the first byte to a finished authentication. */
  readonly handshakeTimeoutMs: number;
  /** Connections that have not authenticated yet: per address, and in all. Of the busiest address, who has said least makes room. */
  readonly pendingPerAddress: number;
  readonly pendingTotal: number;
  /** How many handshakes begin in a second: each costs us a few milliseconds of the processor that ciphers the disks. */
  readonly handshakes: TurnRates;
  /** Turns that a handshake costs beside its own when nobody had a VMA's key in the end. */
  readonly strangersTurns: number;
  /** Keys one connection may try. */
  readonly authAttempts: number;
  /** Channels one connection may have open at once. */
  readonly channelsPerConnection: number;
  /** Forbidden requests after which a connection is closed. */
  readonly refusalsPerConnection: number;
  /** Bytes in both directions, and milliseconds, after which new session keys are agreed on. */
  readonly rekeyBytes: number;
  readonly rekeyAfterMs: number;
}

export const DEFAULT_TUNNEL_LIMITS: TunnelLimits = {
  handshakeTimeoutMs: 10_000,
  pendingPerAddress: 16,
  pendingTotal: 256,
  // a site with many VMAs behind one address is in within seconds; a flood from there costs a few hundredths of a core
  handshakes: { each: { perSecond: 8, burst: 40 }, all: { perSecond: 30, burst: 200 } },
  strangersTurns: 2,
  authAttempts: 6,
  channelsPerConnection: 128,
  refusalsPerConnection: 100,
  // 2^32 blocks of AES is 64 GiB (RFC 4344, section 3.2); well below it
  rekeyBytes: 16 * 2 ** 30,
  rekeyAfterMs: 3_600_000,
};

export interface TunnelServerOptions {
  /** OpenSSH private key of the server, Ed25519. */
  readonly hostKey: string;
  /** The VMA this key belongs to, or `undefined`. Asked when a key is offered and again when its signature was verified. */
  readonly identify: (publicKey: string) => TunnelIdentity | undefined | Promise<TunnelIdentity | undefined>;
  /** Answers one enrolment request; without it nobody can log in as `enroll`. */
  readonly enrol?: (request: unknown, peer: EnrolPeer) => Promise<unknown>;
  readonly limits?: Partial<TunnelLimits>;
  /** All that `identify` knows now. Only OpenSSH needs it: a key must lie on the disk before its VMA comes. */
  readonly identities?: () => Iterable<TunnelIdentity>;
  readonly openSsh?: OpenSshSettings;
}

/** What is told of a channel to a daemon that is not there; a VMA without exports has none, and asks now and then. */
export const NO_STORAGE_DAEMON = 'the storage daemon does not answer';

export interface TunnelServerEvents {
  /** A VMA has authenticated. A VMA may have several connections at once. */
  connected: [
    {
      readonly id: string;
      /** By which it has proven to be. */
      readonly publicKey: string;
      readonly address: string;
      readonly connection: number;
    },
  ];
  disconnected: [{ readonly id: string; readonly connection: number; readonly bytes: number }];
  /** Its agent can be reached at the listener; without `port` where one was asked for, another program holds it. */
  'agent-listening': [{ readonly id: string; readonly socketPath?: string; readonly port?: number }];
  refused: [{ readonly id?: string; readonly address: string; readonly what: string }];
}
