import type { NbdAddress } from '@ossea/copy-engine';
/** What is needed of a child process. Specs hand in `spawn`, because only they may import it. */
interface Child {
    readonly exitCode: number | null;
    readonly signalCode: string | null;
    kill(signal: NodeJS.Signals): boolean;
    once(event: 'exit' | 'error', listener: () => void): unknown;
}
type Spawn = (file: string, args: readonly string[], options: {
    stdio: 'ignore';
    env: NodeJS.ProcessEnv;
}) => Child;
export interface NbdServer {
    readonly address: NbdAddress;
    /** Of its socket. */
    readonly path: string;
    kill(signal: NodeJS.Signals): Promise<void>;
    /** Signals without waiting for an end: SIGSTOP, SIGCONT. */
    signal(signal: NodeJS.Signals): void;
}
export declare function until(condition: () => boolean, what: string, deadlineMs?: number): Promise<void>;
/** Real NBD servers on Unix sockets in a directory of their own; `stop` leaves nothing behind. */
export declare class NbdServers {
    private readonly spawn;
    readonly dir: string;
    private readonly children;
    private count;
    constructor(spawn: Spawn);
    path(name: string): string;
    /** `nbdkit` with these arguments, in the foreground. */
    nbdkit(args: readonly string[], socket?: string): Promise<NbdServer>;
    /** A file as it is. */
    file(path: string, args?: readonly string[], socket?: string): Promise<NbdServer>;
    /** What the product runs at the target. */
    storageDaemon(file: string, format: 'raw' | 'qcow2', socket?: string): Promise<NbdServer>;
    nextSocket(): string;
    stop(): Promise<void>;
    private start;
    private end;
}
export {};
