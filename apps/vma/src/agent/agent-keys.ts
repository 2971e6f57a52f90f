import { Logger } from '@nestjs/common';
import type { OfferedKey } from '@ossea/agent-protocol';
import { MigrationError, isMigrationError } from '@ossea/errors';
import { signKeyRotation, type KeyPair, type SourceTunnel } from '@ossea/tunnel';
import type { StateFiles } from '../state/state-files.js';

/**
 * Which of this VMA's keys is used: the next one as soon as the OMA lets it in, ours until then. Both lie on the disk
 * until that has been seen, so that a crash anywhere leaves one that is let in.
 */
export class AgentKeys {
  private readonly logger = new Logger('agent');
  /** With which the tunnel is dialled. */
  private used: KeyPair | undefined;
  /** Next keys that the OMA did not let in: not tried again unless it says so. */
  private readonly refused = new Set<string>();
  private asked = false;

  constructor(private readonly files: StateFiles) {}

  /** The next key, signed by the one we are known by. */
  async offer(vmaId: string): Promise<OfferedKey> {
    const { privateKey } = await this.inUse();
    const { publicKey } = await this.files.makeNextKeyPair();
    return { publicKey, signature: signKeyRotation(privateKey, vmaId, publicKey) };
  }

  /** The OMA lets the next key in. Throws `request.conflict` for another one; the one in use is fine, too. */
  async use(publicKey: string): Promise<void> {
    if ((await this.files.nextKeyPair())?.publicKey === publicKey) {
      this.refused.delete(publicKey);
      this.asked = true;
    } else if ((await this.files.keyPair()).publicKey !== publicKey)
      throw new MigrationError('request.conflict', 'This is not the key that this VMA has offered.');
  }

  /** The key of the tunnel that stands, or of the next one. */
  async inUse(): Promise<KeyPair> {
    return this.used ?? this.files.keyPair();
  }

  /** With what to dial: what was offered last may have been let in just before a crash. */
  async toDial(): Promise<KeyPair> {
    const next = await this.files.nextKeyPair();
    this.used = next && !this.refused.has(next.publicKey) ? next : await this.files.keyPair();
    return this.used;
  }

  /**
   * Looks after the keys of a tunnel that was dialled.
   * @returns whether it must be dialled again, with another key.
   */
  async lookAfter(tunnel: SourceTunnel): Promise<boolean> {
    const next = await this.files.nextKeyPair();
    if (!next) return false;
    if (this.used?.publicKey === next.publicKey) {
      if (tunnel.state.error?.code === 'auth.rejected') {
        this.refused.add(next.publicKey);
        return true;
      }
      if (tunnel.state.state !== 'down') await this.promote();
      return false;
    }
    if (!this.asked) return false;
    this.asked = false;
    try {
      await tunnel.useKey(next.privateKey);
    } catch (error) {
      // an OMA that was away for a moment says so again
      if (!isMigrationError(error)) throw error;
      this.logger.warn(`The next key is not used yet: ${error.code}: ${error.message}`);
      return false;
    }
    this.used = next;
    await this.promote();
    return false;
  }

  private async promote(): Promise<void> {
    await this.files.promoteNextKey();
    this.logger.log('This VMA has another key now; the OMA has let it in.');
  }
}
