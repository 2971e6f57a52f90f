import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { OfferedKey, agentPaths } from '@ossea/agent-protocol';
import { MigrationError, asMigrationError } from '@ossea/errors';
import { normalisePublicKey, verifyKeyRotation } from '@ossea/tunnel';
import { Mutex } from 'async-mutex';
import { z } from 'zod';
import { AgentClient } from './agent-client.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { VmaKeys } from './vma-keys.js';

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 60_000;
const SILENCE_MS = 10_000;

/**
 * Changes the keys of VMAs without a gap: the new one is let in before the VMA uses it, the old one for a while after.
 * Every step can be the last before a crash; the next look goes on from what the table says.
 */
@Injectable()
export class KeyRotation implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('tunnels');
  private readonly aborter = new AbortController();
  /** One VMA after the other: each is two short calls. */
  private readonly turn = new Mutex();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: VmaKeys,
    private readonly agents: AgentClient,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
    @Inject(TUNNELS_SETTINGS) private readonly settings: Pick<TunnelsSettings, 'rotateKeyDays'>,
  ) {}

  onModuleInit(): void {
    this.presence.onProven((vmaId, publicKey) => this.background(() => this.onProven(vmaId, publicKey)));
    this.presence.onChange((vmaId, { type }) => {
      if (type === 'here') this.background(() => this.look(vmaId));
    });
    this.timer = setInterval(() => this.background(() => this.lookAtAll()), LOOK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.aborter.abort();
    await this.turn.waitForUnlock();
  }

  /** Makes the VMA use another key. Throws what its agent throws; `peer.protocol` for an offer that its key did not sign. */
  rotate(vmaId: string): Promise<void> {
    return this.turn.runExclusive(async () => {
      const offer = await this.agents.json(vmaId, this.call(agentPaths.keyRotation, {}), OfferedKey);
      const publicKey = normalisePublicKey(offer.publicKey);
      const good = await this.keys.goodOf(vmaId);
      if (!good.some((key) => verifyKeyRotation(key.publicKey, vmaId, publicKey, offer.signature)))
        throw new MigrationError('peer.protocol', 'The VMA offered a key that its own key did not sign.');
      await this.keys.addNext(vmaId, publicKey);
      await this.use(vmaId, publicKey);
    });
  }

  /** Goes on with what was begun, or begins what is due. */
  private async look(vmaId: string): Promise<void> {
    const good = await this.keys.goodOf(vmaId);
    const next = good.find(({ state }) => state === 'next');
    if (next) return this.turn.runExclusive(() => this.use(vmaId, next.publicKey));
    const [newest] = good;
    const dueMs = Date.now() - this.settings.rotateKeyDays * DAY_MS;
    if (newest && newest.notBefore.getTime() <= dueMs) await this.rotate(vmaId);
  }

  private async lookAtAll(): Promise<void> {
    await this.keys.retire();
    for (const vmaId of this.presence.connected())
      await this.look(vmaId).catch((error: unknown) => this.tell(error));
  }

  private async use(vmaId: string, publicKey: string): Promise<void> {
    // the VMA must find the door open
    await this.tunnel.admit();
    await this.agents.json(vmaId, this.call(agentPaths.useKey, { publicKey }), z.object({}));
  }

  private async onProven(vmaId: string, publicKey: string): Promise<void> {
    // the old key's end is in the table now
    if (await this.keys.seen(vmaId, publicKey)) await this.tunnel.admit();
  }

  private call(path: string, body: object) {
    return { method: 'POST' as const, path, body, signal: this.aborter.signal, silenceMs: SILENCE_MS };
  }

  private background(step: () => Promise<void>): void {
    if (this.aborter.signal.aborted) return;
    step().catch((error: unknown) => this.tell(error));
  }

  private tell(error: unknown): void {
    if (this.aborter.signal.aborted) return;
    const { code, message } = asMigrationError(error);
    this.logger.warn(`The key of a VMA could not be changed; it is tried again. ${code}: ${message}`);
  }
}
