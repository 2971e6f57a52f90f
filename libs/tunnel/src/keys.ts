import { createHash } from 'node:crypto';
import { MigrationError } from '@ossea/errors';
import ssh2 from 'ssh2';

export interface KeyPair {
  /** OpenSSH private key, PEM. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
}

const ED25519_BLOB = /^ssh-ed25519 ([A-Za-z0-9+/]{68}={0,2})(?:\s.*)?$/;

/** y-coordinates (little-endian, sign bit cleared) of points of small order: such a key "verifies" forged signatures. */
const SMALL_ORDER = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
]);

/** The keys of small order as they stand in a key line (RFC 8709, section 4), with the sign bit off and on. */
export function smallOrderKeys(): string[] {
  const header = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from('ssh-ed25519', 'latin1'),
    Buffer.from([0, 0, 0, 32]),
  ]);
  return [...SMALL_ORDER].flatMap((hex) => {
    const point = Buffer.from(hex, 'hex');
    const signed = Buffer.from(point);
    signed.writeUInt8(point.readUInt8(31) | 0x80, 31);
    return [point, signed].map((bytes) => Buffer.concat([header, bytes]).toString('base64'));
  });
}

/** A new Ed25519 key pair, proven by a signature before it is handed out. */
export function generateKeyPair(): KeyPair {
  const probe = Buffer.from('ossea');
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const publicKey = pair.public.trim().split(' ').slice(0, 2).join(' ');
    const key = ssh2.utils.parseKey(pair.private);
    const shown = ssh2.utils.parseKey(publicKey);
    // ssh2 has written keys that it could not read again; such a pair is thrown away
    if (key instanceof Error || shown instanceof Error) continue;
    if (shown.verify(probe, key.sign(probe)) === true) return { privateKey: pair.private, publicKey };
  }
}

/** The public half of an OpenSSH private key. Throws `config.invalid` for anything but an Ed25519 key. */
export function publicKeyOf(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || key.type !== 'ssh-ed25519' || !key.isPrivateKey())
    throw new MigrationError('config.invalid', 'The key file holds no Ed25519 private key.');
  return formatPublicKey(key.getPublicSSH());
}

/** `ssh-ed25519 AAAA…` of a public key as it stands on the wire. */
export function formatPublicKey(blob: Buffer): string {
  return `ssh-ed25519 ${blob.toString('base64')}`;
}

/**
 * Brings a public key line into the one form that is stored and compared: type and key, no options, no comment.
 * @throws `request.invalid` for other types, options before the key, malformed keys and points of small order.
 */
export function normalisePublicKey(line: string): string {
  const refuse = () => new MigrationError('request.invalid', 'Not a usable Ed25519 public key.');
  const base64 = ED25519_BLOB.exec(line.trim())?.[1];
  if (!base64) throw refuse();
  const blob = Buffer.from(base64, 'base64');
  // string "ssh-ed25519" (4 + 11 bytes), then the 32-byte point as a string (RFC 8709, section 4)
  if (blob.length !== 51 || blob.readUInt32BE(0) !== 11 || blob.readUInt32BE(15) !== 32) throw refuse();
  if (blob.toString('latin1', 4, 15) !== 'ssh-ed25519') throw refuse();
  const point = Buffer.from(blob.subarray(19));
  point.writeUInt8(point.readUInt8(31) & 0x7f, 31);
  if (SMALL_ORDER.has(point.toString('hex'))) throw refuse();
  return formatPublicKey(blob);
}

/** `SHA256:…` of a public key (line or wire form), as OpenSSH prints it. */
export function fingerprint(publicKey: string | Buffer): string {
  const blob =
    typeof publicKey === 'string' ? Buffer.from(publicKey.split(' ')[1] ?? '', 'base64') : publicKey;
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
