import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import { MigrationError, asMigrationError, isMigrationError } from '@ossea/errors';
import {
  openTunnelClient,
  signAgentProof,
  type ProbeRates,
  type TunnelKind,
  type TunnelState,
} from '@ossea/tunnel';
import type { OfferedKey, TunnelReport } from '@ossea/agent-protocol';
import type { VmaConfig } from '../config/config.schema.js';
import { AskSchedule } from '../enrolment/ask-schedule.js';
import { askState } from '../enrolment/enrol.js';
import type { Enrolment, StateFiles } from '../state/state-files.js';
import { AgentHostKeys } from './agent-host-keys.js';
import { AgentKeys } from './agent-keys.js';
import { WatchedTunnel } from './watched-tunnel.js';

/** How often we look whether somebody has enrolled this VMA, or anew. */
const LOOK_EVERY_MS = 1_000;

export type AgentState =
  | { readonly state: 'not-enrolled' }
  | { readonly state: Enrolment['state']; readonly vmaId: string; readonly tunnel?: TunnelState };

export interface AgentSettings extends Pick<VmaConfig, 'oma' | 'enrolment'> {
  /** The OMA's NBD, for the copy engine. */
  readonly nbdSocketPath: string;
  /** The same on the loopback, for other NBD clients. */
  readonly nbdPort: number | undefined;
  /** Our own API, for the OMA. */
  readonly agentSocketPath: string;
  readonly connections: number;
  readonly client: TunnelKind;
  readonly rates: ProbeRates;
  /** Copies that run now. */
  readonly copies: () => number;
  /** Told whenever `state` or `nbdPort` has become another one. */
  readonly onChange?: (agent: Agent) => void;
}

/**
 * Makes this VMA reachable: waits for its enrolment, asks whether it is approved, then keeps the tunnel up for ever.
 * What goes wrong on the way is told once and tried again; nothing of it ends the agent.
 */
export class Agent {
  private readonly logger = new Logger('agent');
  private readonly stopper = new AbortController();
  private loop: Promise<void> | undefined;
  private readonly keys: AgentKeys;
  private readonly hostKeys = new AgentHostKeys();
  private known: Enrolment | undefined;
  private tunnel: WatchedTunnel | undefined;
  private asking: AskSchedule;
  /** What was told last, so that it is told once and not every second. */
  private told = '';
  private trouble = '';

  constructor(
    private readonly files: StateFiles,
    private readonly settings: AgentSettings,
  ) {
    this.asking = this.newSchedule();
    this.keys = new AgentKeys(files);
  }

  get enrolment(): Enrolment | undefined {
    return this.known;
  }

  get state(): AgentState {
    if (!this.known) return { state: 'not-enrolled' };
    const { state, vmaId } = this.known;
    return { state, vmaId, ...(this.tunnel ? { tunnel: this.tunnel.client.state } : {}) };
  }

  /** The loopback port where the OMA's NBD is offered, while it is. */
  get nbdPort(): number | undefined {
    return this.tunnel?.client.nbdPort;
  }

  /** How our tunnel is, as we find it; absent while none is dialled. */
  get tunnelReport(): TunnelReport | undefined {
    return this.tunnel?.report;
  }

  /** Signs a nonce with the key of our tunnel. Throws `request.not-found` while this VMA is nobody's. */
  async prove(nonce: string): Promise<string> {
    if (this.known?.state !== 'approved')
      throw new MigrationError('request.not-found', 'This VMA is not approved.');
    return signAgentProof((await this.keys.inUse()).privateKey, this.known.vmaId, nonce);
  }

  /** Another key for this VMA, by the word of its present one. Throws `request.not-found` while this VMA is nobody's. */
  offerKey(): Promise<OfferedKey> {
    if (this.known?.state !== 'approved')
      throw new MigrationError('request.not-found', 'This VMA is not approved.');
    return this.keys.offer(this.known.vmaId);
  }

  /** The OMA lets that key in: the next look dials with it. Throws `request.conflict` for a key that is none of ours. */
  useKey(publicKey: string): Promise<void> {
    return this.keys.use(publicKey);
  }

  /** The OMA will have this host key next. Throws `request.not-found` while this VMA is nobody's. */
  async expectHostKey(fingerprint: string): Promise<void> {
    const { known } = this;
    if (known?.state !== 'approved')
      throw new MigrationError('request.not-found', 'This VMA is not approved.');
    if (fingerprint === known.hostKeyFingerprint) return;
    await this.files.updateEnrolment(known, { ...known, nextHostKeyFingerprint: fingerprint });
    const stored = await this.files.enrolment();
    if (stored?.nextHostKeyFingerprint !== fingerprint)
      throw new MigrationError('resource.busy', 'The enrolment of this VMA changes just now.');
  }

  /** Begins; comes back when it knows where it stands. Throws `config.invalid` for an enrolment that cannot be read. */
  async start(): Promise<void> {
    this.known = await this.files.enrolment();
    this.loop = this.live();
  }

  /** Hangs up; what goes through the tunnel ends. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.loop;
    await this.hangUp();
  }

  private async live(): Promise<void> {
    const { signal } = this.stopper;
    const everyMs = Math.min(LOOK_EVERY_MS, this.settings.enrolment.askEveryMs);
    while (!signal.aborted) {
      try {
        await this.look(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.tellTrouble(asMigrationError(error));
      }
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look at where we stand, and the next step from there. */
  private async look(signal: AbortSignal): Promise<void> {
    const stored = await this.files.enrolment();
    if (!isDeepStrictEqual(stored, this.known)) {
      // a host key that was announced is no reason to leave
      if (!isDeepStrictEqual(withoutNext(stored), withoutNext(this.known))) await this.hangUp();
      this.learn(stored);
    }
    const { known } = this;
    if (known && this.isInDoubt(known) && this.asking.due()) {
      const now = await askState(this.settings.oma, this.files, known, signal);
      // an OMA that serves the tunnel in another way has other numbers for us
      if (!isDeepStrictEqual(now?.endpoints, known.endpoints)) await this.hangUp();
      this.learn(now);
      this.trouble = '';
    }
    this.tellState();
    if (this.known?.state === 'approved') await this.keepDialled(this.known);
    else await this.hangUp();
  }

  /**
   * Not decided yet; or decided, and then our key is refused all the same: it may have been revoked. Or what we ask for
   * is refused: it may be something else by now.
   */
  private isInDoubt({ state }: Enrolment): boolean {
    const refused = this.tunnel?.client.state.error?.code;
    return (
      state === 'pending' ||
      (state === 'approved' && (refused === 'auth.rejected' || refused === 'tunnel.down'))
    );
  }

  private learn(enrolment: Enrolment | undefined): void {
    if (isDeepStrictEqual(enrolment, this.known)) return;
    this.known = enrolment;
    this.asking = this.newSchedule();
    this.settings.onChange?.(this);
  }

  private async keepDialled(known: Enrolment): Promise<void> {
    if (this.tunnel && this.hostKeys.isOther(this.tunnel.client.state, known)) await this.hangUp();
    const moved = this.tunnel && this.hostKeys.afterMove(this.tunnel.client.state, known);
    // the tunnel stands with this very key: nothing is dialled anew
    if (moved) this.known = await this.files.updateEnrolment(known, moved);
    const { endpoints } = known;
    const hostKeyFingerprint = this.hostKeys.toDial(known);
    if (this.tunnel && (await this.keys.lookAfter(this.tunnel.client))) await this.hangUp();
    if (this.tunnel) return;
    const { privateKey } = await this.keys.toDial();
    const { oma, nbdSocketPath, nbdPort, agentSocketPath, connections, rates, copies } = this.settings;
    const client = openTunnelClient(this.settings.client, {
      // the address of today: an OMA that moved is known by its host key
      ...oma,
      privateKey,
      hostKeyFingerprint,
      nbdSocketPath,
      ...(nbdPort === undefined ? {} : { nbdPort }),
      agent: { path: agentSocketPath },
      ...(endpoints === undefined ? {} : { endpoints }),
      connections,
    });
    client.on('state', this.tunnelTeller());
    try {
      await client.start();
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw isBusy(error)
        ? new MigrationError('config.invalid', 'nbd.port: expected a port that is free on the loopback.', {
            cause: error,
          })
        : error;
    }
    this.tunnel = new WatchedTunnel(client, { connections, rates, copies });
    this.settings.onChange?.(this);
  }

  private async hangUp(): Promise<void> {
    const tunnel = this.tunnel;
    this.tunnel = undefined;
    await tunnel?.[Symbol.asyncDispose]();
  }

  private newSchedule(): AskSchedule {
    const { askEveryMs, askAtMostEveryMs } = this.settings.enrolment;
    return new AskSchedule(askEveryMs, askAtMostEveryMs);
  }

  private tellState(): void {
    const message = this.known ? SAID[this.known.state] : 'This VMA is not enrolled yet.';
    if (message !== this.told) this.logger.log(message);
    this.told = message;
  }

  /** An OMA that is away for a week is told of once, not at every attempt. */
  private tunnelTeller(): (state: TunnelState) => void {
    let told = '';
    return ({ state, error }) => {
      const message = error
        ? `The tunnel is ${state}: ${error.code}: ${error.message}`
        : `The tunnel is ${state}.`;
      if (message !== told) this.logger[error ? 'warn' : 'log'](message);
      told = message;
    };
  }

  private tellTrouble({ code, message }: MigrationError): void {
    const trouble = `${code}: ${message}`;
    if (trouble !== this.trouble) this.logger.warn(trouble);
    this.trouble = trouble;
  }
}

const SAID: Readonly<Record<Enrolment['state'], string>> = {
  pending: 'This VMA waits for an administrator of the OMA to approve it.',
  approved: 'This VMA is approved.',
  rejected: 'This VMA was rejected. Enrol it again with a new pairing code.',
  revoked: 'This VMA was revoked. Enrol it again with a new pairing code; it will make itself a new key.',
  expired: 'Nobody approved this VMA in time. Enrol it again with a new pairing code.',
};

function withoutNext(enrolment: Enrolment | undefined): object | undefined {
  return enrolment && { ...enrolment, nextHostKeyFingerprint: undefined };
}

function isBusy(error: unknown): boolean {
  return !isMigrationError(error) && error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
