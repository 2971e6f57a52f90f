import { Injectable } from '@nestjs/common';
import { normaliseWords } from '@ossea/agent-protocol';
import type {
  ApproveVma,
  PairingCode as PairingCodeView,
  PairingCodeRecord,
  Vma as VmaView,
} from '@ossea/api-contract';
import { DataSource } from 'typeorm';
import { AccessJobs } from './access-jobs.js';
import { expirePending } from './enrolment-desk.js';
import { KeyRotation } from './key-rotation.js';
import { pairingCodeView } from './pairing-code-view.js';
import { PairingCodes } from './pairing-codes.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import type { Requester } from './tunnels-ports.js';
import { VmaDecisions, unknownVma } from './vma-decisions.js';
import { vmaView } from './vma-view.js';
import { Vma } from './vma.entity.js';

/** The VMAs: who asks, who is trusted, who is here. */
@Injectable()
export class VmasService {
  constructor(
    private readonly database: DataSource,
    private readonly decisions: VmaDecisions,
    private readonly codes: PairingCodes,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
    private readonly jobs: AccessJobs,
    private readonly rotation: KeyRotation,
  ) {}

  /** All that ever asked, newest first. */
  async list(): Promise<VmaView[]> {
    await expirePending(this.database);
    const rows = await this.database.getRepository(Vma).find({ order: { id: 'DESC' } });
    return rows.map((row) => this.view(row));
  }

  /** Throws `request.not-found`. */
  async get(vmaId: string): Promise<VmaView> {
    await expirePending(this.database);
    const row = await this.database.getRepository(Vma).findOneBy({ id: vmaId });
    if (!row) throw unknownVma(vmaId);
    return this.view(row);
  }

  /** Whether the agent of this VMA can be called now. */
  isConnected(vmaId: string): boolean {
    return this.presence.of(vmaId).connected;
  }

  /**
   * A code that is shown once, with what the VMA must check before it sends it.
   * @param name what the VMA that uses it shall be called.
   */
  createPairingCode(requester: Requester, name?: string): Promise<PairingCodeView> {
    return this.jobs.run({
      kind: 'create-pairing-code',
      label: 'Making a pairing code',
      requester,
      input: name === undefined ? {} : { name },
      run: async () => {
        const { code, expiresAt } = await this.codes.create(name);
        const { hostKeyFingerprint, port } = this.tunnel;
        return { code, expiresAt: expiresAt.toISOString(), hostKeyFingerprint, tunnelPort: port };
      },
      result: ({ expiresAt }) => ({ expiresAt }),
    });
  }

  /** The pairing codes of the last day, without the codes. */
  async pairingCodes(): Promise<PairingCodeRecord[]> {
    return (await this.codes.list()).map((row) => pairingCodeView(row));
  }

  /** Makes a code void. Throws `request.not-found`, and `request.conflict` for one that a VMA has used. */
  async withdrawPairingCode(id: string, requester: Requester): Promise<PairingCodeRecord> {
    const row = await this.jobs.run({
      kind: 'withdraw-pairing-code',
      label: 'Withdrawing a pairing code',
      requester,
      input: { id },
      run: () => this.codes.withdraw(id),
      result: () => ({ id }),
    });
    return pairingCodeView(row);
  }

  /**
   * Lets a VMA in.
   * Throws `request.conflict` unless the fingerprint, or the words for it, are the very ones of the VMA that asks.
   */
  async approve(vmaId: string, compared: ApproveVma, requester: Requester): Promise<VmaView> {
    await this.get(vmaId);
    return this.decided('approve-vma', 'Approving a VMA', vmaId, requester, compared, async () => {
      const fingerprint = await this.fingerprintOf(vmaId, compared);
      const row = await this.decisions.approve(vmaId, fingerprint, requester.correlationId);
      await this.tunnel.admit();
      return row;
    });
  }

  async reject(vmaId: string, requester: Requester): Promise<VmaView> {
    await this.get(vmaId);
    return this.decided('reject-vma', 'Rejecting a VMA', vmaId, requester, {}, () =>
      this.decisions.reject(vmaId, requester.correlationId),
    );
  }

  /** Shuts a VMA out for good: when this settles its sessions are cut and its key is refused. */
  async revoke(vmaId: string, requester: Requester): Promise<VmaView> {
    await this.get(vmaId);
    return this.decided('revoke-vma', 'Revoking a VMA', vmaId, requester, {}, async () => {
      const row = await this.decisions.revoke(vmaId, requester.correlationId);
      this.presence.expectCut(vmaId, 'The VMA was revoked.');
      await this.tunnel.shutOut();
      return row;
    });
  }

  /** Makes a connected VMA use another key; the old one is let in for ten minutes more. */
  async rotateKey(vmaId: string, requester: Requester): Promise<VmaView> {
    await this.get(vmaId);
    return this.decided('rotate-vma-key', 'Changing the key of a VMA', vmaId, requester, {}, async () => {
      await this.rotation.rotate(vmaId);
      return this.database.getRepository(Vma).findOneByOrFail({ id: vmaId });
    });
  }

  private async decided(
    kind: string,
    label: string,
    vmaId: string,
    requester: Requester,
    more: Readonly<Record<string, unknown>>,
    run: () => Promise<Vma>,
  ): Promise<VmaView> {
    const row = await this.jobs.run({
      kind,
      label,
      requester,
      input: { vmaId, ...more },
      run,
      result: ({ state, fingerprint }) => ({ vmaId, state, fingerprint }),
    });
    return this.view(row);
  }

  /** What was compared, as a fingerprint; words that are not this VMA's are none that any key has. */
  private async fingerprintOf(vmaId: string, { fingerprint = '', words }: ApproveVma): Promise<string> {
    if (words === undefined) return fingerprint;
    const asking = await this.get(vmaId);
    return normaliseWords(words) === asking.words ? asking.fingerprint : '';
  }

  private view(row: Vma): VmaView {
    return vmaView(row, this.presence.of(row.id), this.tunnel.hostKeyFingerprint);
  }
}
