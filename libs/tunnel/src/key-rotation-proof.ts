import ssh2 from 'ssh2';

const text = (vmaId: string, newKey: string): Buffer =>
  Buffer.from(`ossea-key-rotation-v1|${vmaId}|${newKey}`);

/**
 * The VMA's word for its next key, by the key it is known by.
 * @param newKey `ssh-ed25519 AAAA…`.
 * @returns the Ed25519 signature (64 bytes), base64url. Throws when the private key is none.
 */
export function signKeyRotation(privateKey: string, vmaId: string, newKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key.sign(text(vmaId, newKey)).toString('base64url');
}

/** Whether the holder of this key has named the other one as its next. Never throws. */
export function verifyKeyRotation(
  publicKey: string,
  vmaId: string,
  newKey: string,
  signature: string,
): boolean {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error) return false;
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.length === 64 && key.verify(text(vmaId, newKey), bytes) === true;
}
