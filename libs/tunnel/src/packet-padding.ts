import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';

const BLOCK_BYTES = 16;
const TAG_BYTES = 16;
const LEAST_PADDING_BYTES = 4;
const STOCK_BYTES = 64 << 10;

interface Cipher {
  allocPacket(payloadBytes: number): Buffer;
  free(): void;
}

interface CryptoModule {
  readonly CIPHER_INFO: Readonly<Record<string, object>>;
  createCipher(config: object): Cipher;
}

const stock = Buffer.alloc(STOCK_BYTES);
let used = STOCK_BYTES;

/** Fresh random bytes into a part of a packet; each byte of the stock is given out once. */
function pad(packet: Buffer, start: number, length: number): void {
  if (used + length > STOCK_BYTES) {
    randomFillSync(stock);
    used = 0;
  }
  packet.set(stock.subarray(used, used + length), start);
  used += length;
}

/**
 * The packet of RFC 4253, section 6, as AES-GCM wants it (RFC 5647, section 7.2: the length field is not encrypted and
 * does not count for the block size), with room for the tag.
 */
function allocPacket(payloadBytes: number): Buffer {
  const filled = (1 + payloadBytes) % BLOCK_BYTES;
  const least = BLOCK_BYTES - filled;
  const paddingBytes = least < LEAST_PADDING_BYTES ? least + BLOCK_BYTES : least;
  const packetBytes = 1 + payloadBytes + paddingBytes;
  const packet = Buffer.allocUnsafe(4 + packetBytes + TAG_BYTES);
  packet.writeUInt32BE(packetBytes, 0);
  packet[4] = paddingBytes;
  pad(packet, 5 + payloadBytes, paddingBytes);
  return packet;
}

/**
 * ssh2 1.17.0 asks the kernel's generator for the padding of every packet, 10 µs each: a third of the sending
 * process's CPU time. Padding is taken from a stock of random bytes instead.
 */
function replaceAllocation(): boolean {
  const { CIPHER_INFO, createCipher } = createRequire(import.meta.url)(
    'ssh2/lib/protocol/crypto.js',
  ) as Partial<CryptoModule>;
  const cipherInfo = CIPHER_INFO?.['aes128-gcm@openssh.com'];
  // slower without, but right: nothing here may keep an appliance from starting
  if (!cipherInfo || !createCipher) return false;
  const config = { seqno: 0, onWrite: () => undefined, cipherInfo };
  const sample = createCipher({
    outbound: { ...config, cipherKey: Buffer.alloc(16), cipherIV: Buffer.alloc(12) },
  });
  try {
    // the other kinds of ciphers lay their packets out otherwise, and so may another release
    if (sample.constructor.name !== 'AESGCMCipherBinding') return false;
    for (let payloadBytes = 0; payloadBytes <= 2 * BLOCK_BYTES; payloadBytes += 1) {
      const [theirs, ours] = [sample.allocPacket(payloadBytes), allocPacket(payloadBytes)];
      if (!theirs.subarray(0, 5).equals(ours.subarray(0, 5)) || theirs.length !== ours.length) return false;
    }
    Object.assign(Object.getPrototypeOf(sample) as Cipher, { allocPacket });
    return true;
  } finally {
    sample.free();
  }
}

/** Whether padding comes from the stock. */
export const paddingFromStock = replaceAllocation();
