import type { Heard } from './api-client.js';
import type { GuestSize } from './source-host.js';

/** What a stack may be asked for. */
export interface StackOptions {
  /** Where the machines go to; QEMU unless told. */
  readonly target?: 'qemu' | 'cloudstack';
  readonly database?: 'sqlite' | 'mariadb';
  /** Each VMA has a QEMU host of its own. */
  readonly vmas?: number;
  /** On each host; `none` leaves the hosts empty. */
  readonly guest?: GuestSize | 'none';
  /** Builds the guest's images anew instead of taking those of an earlier build. */
  readonly freshImages?: boolean;
  /** Ports people type; any free ones unless told. */
  readonly ports?: { readonly http: number; readonly tunnel: number };
  /** Of the administrator; a random one unless told. */
  readonly password?: string;
  /** More variables for the OMA. */
  readonly omaEnvironment?: Readonly<Record<string, string>>;
  /** Told of every answer of the API. */
  readonly heard?: Heard;
  /** Told what is being done, for people who wait. */
  readonly say?: (what: string) => void;
  /** Ends the launch, and all later waiting. */
  readonly signal?: AbortSignal;
}
