import type { ProcessRunner } from '@ossea/process';

/** What OpenSSH needs beside the options that every transport has. */
export interface OpenSshSettings {
  /**
   * Where configuration, keys and sockets of this server lie; `/run/ossea-tunnel` unless told. It and every directory
   * above it must be root's and writable by nobody else: sshd refuses to run a keys command that stands elsewhere.
   */
  readonly directory?: string;
  /** Names of the OS users; on the wire the first two are the users that VMAs log in as. */
  readonly accounts?: Partial<AccountNames>;
  /** Runs sshd and getent; replaceable in tests. */
  readonly runner?: ProcessRunner;
}

export interface AccountNames {
  /** Owns nothing and cannot log in to anything but the tunnel; shell `nologin`. */
  readonly tunnel: string;
  /** Runs the bridge to the enrolment and nothing else; its shell must be able to run a command. */
  readonly enrol: string;
  /** Runs the keys command. */
  readonly keys: string;
}

export const DEFAULT_OPENSSH_DIRECTORY = '/run/ossea-tunnel';
export const DEFAULT_ACCOUNTS: AccountNames = { tunnel: 'vma', enrol: 'enroll', keys: 'nobody' };
