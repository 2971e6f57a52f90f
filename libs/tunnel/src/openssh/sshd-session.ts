import { readFile, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ProcessRunner, RunningProcess } from '@ossea/process';
import { normalisePublicKey } from '../keys.js';
import { keysCommandLine } from './sshd-config.js';
import { childOfUser } from './loopback-sockets.js';
import type { Place } from './place.js';
import { endGroup, type RunningFiles } from './running-files.js';

/** Between sshd's word that a key was accepted and its child that runs as the user lie milliseconds. */
const CHILD_MS = 5_000;
const POLL_MS = 10;

/** sshd's words for what we count; what else stands in the line may be a stranger's and is dropped. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^(Failed|Invalid user|User .* not allowed|error: maximum authentication)/, 'authentication'],
  [
    /but the request was denied|refused (local|streamlocal) port forward|administratively prohibited/,
    'a forbidden channel',
  ],
  [
    /^(error: )?(bind|cannot listen|.*listen_port|channel_setup_fwd_listener|Server has disabled)/i,
    'a forbidden listener',
  ],
  [/session open failed|no more sessions|subsystem request .* failed/i, 'a forbidden session'],
];

/** What sshd says when the port of an allowed listener cannot be bound. */
const LISTENER_TAKEN = /Address already in use/;

export interface Proven {
  readonly user: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
}

export interface SshdHooks {
  /** It has proven who it is. `false` or a rejection ends it. */
  authenticated(session: SshdSession, proven: Proven): Promise<boolean>;
  refused(session: SshdSession, what: string): void;
  /** It has asked for a listener that it did not get: somebody holds the port. */
  listenerTaken(session: SshdSession): void;
  closed(session: SshdSession): void;
}

/** One connection: an accepted socket with an sshd of its own. */
export class SshdSession {
  readonly address: string;
  readonly since = new Date();
  /** It was not let go while it waited. */
  hadItsTurn = false;
  /** The process that serves the connection as the user; known once it is authenticated. */
  childPid: number | undefined;
  /** As sshd told at the end, for the record only. */
  bytes = 0;
  private process: RunningProcess | undefined;
  private readonly aborter = new AbortController();
  private verified: Promise<void> | undefined;
  private over = false;
  private refusals = 0;

  constructor(
    readonly number: number,
    private readonly socket: Socket,
    private readonly options: {
      readonly place: Place;
      readonly runner: ProcessRunner;
      readonly running: RunningFiles;
      readonly refusalsPerConnection: number;
    },
    private readonly hooks: SshdHooks,
  ) {
    this.address = socket.remoteAddress ?? 'unknown';
    socket.on('error', () => socket.destroy());
  }

  /** Runs sshd; comes back when it has ended, however it did. */
  async serve(): Promise<void> {
    const { place, runner, running } = this.options;
    try {
      this.process = await runner.start(
        {
          command: 'sshd',
          args: ['-i', '-e', '-f', place.configFile, '-o', keysCommandLine(place.keysCommand, this.number)],
          name: 'sshd',
          readyWhen: 'spawned',
          connection: this.socket,
          onStderrLine: (line) => this.onLine(line),
        },
        { signal: this.aborter.signal },
      );
      running.note(this.process.pid);
      this.socket.destroy();
      if (this.aborter.signal.aborted) this.kill();
      await this.process.exited;
      // what it has left of its group dies with it
      this.kill();
      running.forget(this.process.pid);
    } catch {
      // it was cut, or sshd cannot be started: the connection ends either way
    }
    this.over = true;
    this.socket.destroy();
    await rm(this.claimFile, { force: true });
    this.hooks.closed(this);
  }

  /** Cuts the connection now, without waiting for the peer or for sshd. */
  cut(): void {
    this.aborter.abort();
    if (this.process) this.kill();
    else this.socket.destroy();
  }

  private get claimFile(): string {
    return join(this.options.place.claimsDirectory, String(this.number));
  }

  private kill(): void {
    if (this.process && !this.over) endGroup(this.process.pid);
  }

  private onLine(line: string): void {
    if (!this.verified && line.startsWith('Accepted publickey for ')) {
      this.verified = this.verify().then(
        (proven) => {
          if (!proven) this.cut();
        },
        () => this.cut(),
      );
      return;
    }
    const transferred = /^Transferred: sent (\d{1,18}), received (\d{1,18}) bytes$/.exec(line);
    if (transferred) this.bytes = Number(transferred[1]) + Number(transferred[2]);
    // it may be said before we have looked who it is
    if (LISTENER_TAKEN.test(line)) void this.verified?.then(() => this.hooks.listenerTaken(this));
    const refusal = REFUSALS.find(([pattern]) => pattern.test(line));
    if (!refusal) return;
    this.refusals += 1;
    this.hooks.refused(this, refusal[1]);
    if (this.refusals >= this.options.refusalsPerConnection) this.cut();
  }

  /**
   * The line says only that it is time to look, because a client can make sshd print it. Who it is says the keys
   * command's note; that it was let in, the kernel: sshd has a child that runs as the user.
   */
  private async verify(): Promise<boolean> {
    const { accounts } = this.options.place;
    const [user, key, ...rest] = (await readFile(this.claimFile, 'latin1')).trim().split(' ');
    const account = [accounts.tunnel, accounts.enrol].find(({ name }) => name === user);
    if (!account || key === undefined || rest.length > 0) return false;
    const publicKey = normalisePublicKey(`ssh-ed25519 ${key}`);
    this.childPid = await this.userChild(account.uid);
    if (this.childPid === undefined) return false;
    return this.hooks.authenticated(this, { user: account.name, publicKey });
  }

  private async userChild(uid: number): Promise<number | undefined> {
    const deadline = performance.now() + CHILD_MS;
    while (this.process && !this.over && performance.now() < deadline) {
      const child = await childOfUser(this.process.pid, uid);
      if (child !== undefined) return child;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return undefined;
  }
}
