import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { anchorText, type AuditAnchor } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { loadOrMake } from '../tunnels/appliance-keys.js';

const FILE = 'audit-key';

/** The key that signs anchors. Whoever verifies them needs its public half from a place that they trust. */
export class AuditKey {
  private constructor(
    private readonly key: KeyObject,
    /** PEM. */
    readonly publicKey: string,
  ) {}

  /** Reads the key, or makes it. Throws `config.invalid` for a file that holds no such key. */
  static async load(stateDir: string): Promise<AuditKey> {
    const text = await loadOrMake(join(stateDir, FILE), () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    try {
      const key = createPrivateKey(text);
      if (key.asymmetricKeyType !== 'ed25519') throw new Error('of another kind');
      return new AuditKey(key, createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString());
    } catch {
      // the parser's message may quote the key
      throw new MigrationError('config.invalid', `${FILE}: expected an Ed25519 private key in PEM.`);
    }
  }

  signed(anchor: Omit<AuditAnchor, 'signature'>): AuditAnchor {
    return { ...anchor, signature: sign(null, Buffer.from(anchorText(anchor)), this.key).toString('base64') };
  }
}
