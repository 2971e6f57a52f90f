import type { NetConnectOpts } from 'node:net';

/** A key as both kinds of clients want it: the text for ssh2, the file for Debian's `ssh`. */
export interface MatrixKey {
  /** OpenSSH private key, PEM. */
  readonly privateKey: string;
  /** The same in a file of mode 0600. */
  readonly keyFile: string;
}

/** An approved VMA of the site. */
export interface MatrixVma extends MatrixKey {
  readonly id: string;
  /** What it asks for to reach its NBD server, and to be reached at its agent; always at 127.0.0.1. */
  readonly nbdPort: number;
  readonly agentPort: number;
  /** The line with which its own NBD server greets; no other server says it. */
  readonly nbdPayload: string;
  /** Where this appliance reaches the agent while the VMA offers it. */
  readonly agentEndpoint: NetConnectOpts;
  /** Exactly the listeners that are there while the VMA offers its agent, as `listenersOf` writes them. */
  readonly agentListeners: readonly string[];
}

/** A tunnel server with two VMAs and the keys of everybody who must not get in. */
export interface MatrixSite extends AsyncDisposable {
  readonly transport: string;
  /** At 127.0.0.1. */
  readonly port: number;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
  /** Names are C strings there: one NUL at the end is not seen, and the plain address before it counts. */
  readonly nulAtTheEndIsIgnored: boolean;
  /** Nobody can tell there a command from the subsystem of the same name. */
  readonly subsystemsAreCommands: boolean;
  readonly users: { readonly vma: string; readonly enrol: string };
  readonly vmas: readonly [MatrixVma, MatrixVma];
  readonly keys: {
    /** Was approved, until a time that is over. */
    readonly expired: MatrixKey;
    /** Was approved, was connected, was revoked. */
    readonly revoked: MatrixKey;
    readonly unknown: MatrixKey;
    /** Known to nobody, used as the enrolling user. */
    readonly enrolling: MatrixKey;
    readonly rsa: MatrixKey;
    readonly ecdsa: MatrixKey;
  };
  /** The processes that serve the tunnel now: whatever they listen on counts. */
  processes(): readonly number[];
}

/** What the enrolment exchange of every site answers with. */
export const ENROLMENT_GREETING = 'I am the enrolment';

/** @param directory for the site's files; it removes what it made. */
export type OpenMatrixSite = (directory: string) => Promise<MatrixSite>;
