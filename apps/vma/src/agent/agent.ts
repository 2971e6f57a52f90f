import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { asMigrationError } from '@ossea/errors';
import { Backoff, TunnelClient, type TunnelState } from '@ossea/tunnel';
import { askState } from '../enrolment/enrol.js';
import { StateFiles, type Enrolment } from '../state/state-files.js';
import { AgentSettings } from './agent-settings.js';

/** How often an enrolment that is not decided, or not there, is looked at. */
const LOOK_EVERY_MS = 1_000;

export type AgentState =
  | { readonly state: 'not-enrolled' }
  | { readonly state: Enrolment['state']; readonly vmaId: string; readonly tunnel?: TunnelState };

/**
 * Makes this VMA reachable: waits for its enrolment, asks whether it is approved, then keeps the tunnel up for ever.
 */
@Injectable()
export class Agent implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('agent');
  private readonly stopper = new AbortController();
  private loop: Promise<void> | undefined;
  private known: Enrolment | undefined;
  private client: TunnelClient | undefined;
  private told = '';

  constructor(
    private readonly files: StateFiles,
    private readonly settings: AgentSettings,
  ) {}

  get enrolment(): Enrolment | undefined {
    return this.known;
  }

  get state(): AgentState {
    if (!this.known) return { state: 'not-enrolled' };
    const { state, vmaId } = this.known;
    return { state, vmaId, ...(this.client ? { tunnel: this.client.state } : {}) };
  }

  onApplicationBootstrap(): void {
    this.loop = this.live();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopper.abort();
    await this.loop;
    await this.client?.[Symbol.asyncDispose]();
  }

  private async live(): Promise<void> {
    const { signal } = this.stopper;
    const backoff = new Backoff();
    while (!signal.aborted) {
      let waitMs = LOOK_EVERY_MS;
      try {
        await this.look(signal);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const { code, message } = asMigrationError(error);
        this.tell(`${code}: ${message}`);
        waitMs = Math.max(LOOK_EVERY_MS, backoff.next());
      }
      await pause(waitMs, signal);
    }
  }

  /** One look at where we stand, and the next step from there. */
  private async look(signal: AbortSignal): Promise<void> {
    const stored = await this.files.enrolment();
    const changed = stored?.vmaId !== this.known?.vmaId || stored?.state !== this.known?.state;
    this.known = stored;
    if (stored?.state === 'pending') this.known = await askState(this.files, stored, signal);
    if (this.known?.state === 'approved') await this.keepDialled(this.known, changed);
    else await this.hangUp();
    this.tell(this.known ? `This VMA is ${this.known.state}.` : 'This VMA is not enrolled yet.');
  }

  private async keepDialled(enrolment: Enrolment, changed: boolean): Promise<void> {
    if (this.client && !changed) return;
    await this.hangUp();
    const { privateKey } = await this.files.keyPair();
    const { nbdSocketPath, nbdPort, agentSocketPath, connections } = this.settings;
    const client = new TunnelClient({
      host: enrolment.omaHost,
      port: enrolment.omaPort,
      privateKey,
      hostKeyFingerprint: enrolment.hostKeyFingerprint,
      nbdSocketPath,
      ...(nbdPort === undefined ? {} : { nbdPort }),
      agent: { path: agentSocketPath },
      connections,
    });
    client.on('state', ({ state, error }) => {
      this.logger.log(error ? `The tunnel is ${state}: ${error.message}` : `The tunnel is ${state}.`);
    });
    await client.start();
    this.client = client;
  }

  private async hangUp(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.[Symbol.asyncDispose]();
  }

  /** Once, not every second. */
  private tell(message: string): void {
    if (message === this.told) return;
    this.told = message;
    this.logger.log(message);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
