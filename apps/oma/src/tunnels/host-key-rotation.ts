import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { NextHostKey, agentPaths } from '@ossea/agent-protocol';
import type { HostKeyChange } from '@ossea/api-contract';
import { asMigrationError } from '@ossea/errors';
import { fingerprint, publicKeyOf } from '@ossea/tunnel';
import { Mutex } from 'async-mutex';
import { DataSource } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { AgentClient } from './agent-client.js';
import { makeNextHostKey, nextHostKey, promoteNextHostKey } from './appliance-keys.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { Vma } from './vma.entity.js';

const ACKNOWLEDGE_MS = 10_000;
const SUBJECT = { type: 'appliance', id: 'tunnel-host-key' };

/**
 * Changes the host key of the tunnel: first every trusted VMA is told the next one, then it is used. A VMA that was not
 * told would take the appliance for somebody else, so the change waits for every approved one unless it is forced.
 */
@Injectable()
export class HostKeyRotation implements OnModuleInit {
  private readonly logger = new Logger('tunnels');
  private readonly turn = new Mutex();
  /** Told anew after a restart, when they dial in again. */
  private readonly acknowledged = new Set<string>();

  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly agents: AgentClient,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
    @Inject(TUNNELS_SETTINGS) private readonly settings: Pick<TunnelsSettings, 'stateDir'>,
  ) {}

  onModuleInit(): void {
    this.presence.onChange((vmaId, { type }) => {
      if (type === 'here')
        this.goOn(vmaId).catch((error: unknown) => this.logger.warn(asMigrationError(error).message));
    });
  }

  /** @param force does not wait for VMAs that do not know the next key; they have to be enrolled again. */
  rotate(force: boolean): Promise<HostKeyChange> {
    return this.turn.runExclusive(async () => {
      const next = await makeNextHostKey(this.settings.stateDir);
      const to = fingerprint(publicKeyOf(next));
      await this.unitOfWork.run((manager) =>
        this.audit.append(manager, {
          action: 'tunnel.rotate-host-key',
          subject: SUBJECT,
          detail: { from: this.tunnel.hostKeyFingerprint, to, force },
        }),
      );
      await Promise.all(this.presence.connected().map((vmaId) => this.announce(vmaId, to)));
      return this.swapIfDue(next, force);
    });
  }

  /** A VMA that was away hears of a change that waits for it. */
  private goOn(vmaId: string): Promise<void> {
    return this.turn.runExclusive(async () => {
      const next = await nextHostKey(this.settings.stateDir);
      if (next === undefined) return;
      await this.announce(vmaId, fingerprint(publicKeyOf(next)));
      await this.swapIfDue(next, false);
    });
  }

  private async announce(vmaId: string, to: string): Promise<void> {
    const body: NextHostKey = { fingerprint: to };
    const signal = AbortSignal.timeout(ACKNOWLEDGE_MS);
    try {
      const call = { method: 'POST', path: agentPaths.hostKey, body, signal } as const;
      if ((await this.agents.json(vmaId, call, NextHostKey)).fingerprint === to) this.acknowledged.add(vmaId);
    } catch (error) {
      const { code, message } = asMigrationError(error);
      this.logger.warn(`${vmaId} does not know the next host key yet: ${code}: ${message}`);
    }
  }

  private async swapIfDue(next: string, force: boolean): Promise<HostKeyChange> {
    const approved = await this.database.getRepository(Vma).findBy({ state: 'approved' });
    const waitingFor = approved.map(({ id }) => id).filter((id) => !this.acknowledged.has(id));
    const to = fingerprint(publicKeyOf(next));
    if (waitingFor.length > 0 && !force)
      return {
        hostKeyFingerprint: this.tunnel.hostKeyFingerprint,
        nextHostKeyFingerprint: to,
        waitingFor,
      };
    await promoteNextHostKey(this.settings.stateDir);
    this.acknowledged.clear();
    await this.unitOfWork.run((manager) =>
      this.audit.append(manager, {
        action: 'tunnel.host-key-in-use',
        subject: SUBJECT,
        detail: { fingerprint: to, withoutWaitingFor: waitingFor },
      }),
    );
    await this.tunnel.useHostKey(next);
    return { hostKeyFingerprint: to, waitingFor: [] };
  }
}
