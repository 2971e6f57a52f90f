import type { Principal } from './principals.js';
import type { MatrixSite, MatrixVma } from './matrix-site.js';
import type { Raw } from './raw-client.js';

/** What lies around the tunnel server and must not be reached. */
export interface Surroundings {
  readonly databasePort: number;
  readonly unixPath: string;
  /** Where nothing may ever be written. */
  readonly untouched: string;
  /** For the files and sockets of the client's side. */
  readonly local: string;
}

/** One principal that asks for one thing. */
export interface Asking {
  readonly site: MatrixSite;
  readonly around: Surroundings;
  readonly principal: Principal;
  /** The VMA whose addresses are asked for as one's own, and the other one. */
  readonly mine: MatrixVma;
  readonly theirs: MatrixVma;
  /** The principal's connection, logged in on first use. */
  client(): Promise<Raw>;
  /** A second connection, on which a VMA offers its agent; comes back when it can be called there. */
  offerAgent(vma: MatrixVma): Promise<void>;
  /** Listeners that may be there while this is asked. */
  mayListen(listeners: readonly string[]): void;
  /** Runs after everything was judged. */
  later(end: () => unknown): void;
}

export const REFUSED = 'refused';

export interface Ask {
  readonly what: string;
  /** What is seen when it is allowed: the line with which the far side greets. Nobody may do the others. */
  readonly opens?: (asking: Pick<Asking, 'site' | 'principal' | 'mine' | 'theirs'>) => string | undefined;
  /** @returns what came of it: `refused`, or what is behind. */
  run(asking: Asking): Promise<string>;
}

type Who = Pick<Asking, 'principal' | 'mine'>;
export const ownNbd = ({ principal, mine }: Who): string | undefined =>
  principal.may === 'forward' ? mine.nbdPayload : undefined;
export const ownAgent = ({ principal, mine }: Who): string | undefined =>
  principal.may === 'forward' ? agentGreeting(mine) : undefined;

/** For a name that is right up to the NUL at its end. */
export const whereNulIsIgnored =
  (opens: NonNullable<Ask['opens']>): NonNullable<Ask['opens']> =>
  (asking) =>
    asking.site.nulAtTheEndIsIgnored ? opens(asking) : undefined;

export const agentGreeting = ({ id }: MatrixVma): string => `I am the agent of ${id}`;
export const GRANTED_SILENT = 'granted, but nothing answers';
