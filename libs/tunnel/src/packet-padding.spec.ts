import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { channelWindowRaised } from './channel-window.js';
import { paddingFromStock } from './packet-padding.js';

interface Cipher {
  allocPacket(payloadBytes: number): Buffer;
  free(): void;
}
const { CIPHER_INFO, createCipher } = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as {
  readonly CIPHER_INFO: Readonly<Record<string, object>>;
  createCipher(config: object): Cipher;
};

function cipher(): Cipher {
  const cipherInfo = CIPHER_INFO['aes256-gcm@openssh.com'];
  const keys = { cipherKey: Buffer.alloc(32), cipherIV: Buffer.alloc(12) };
  return createCipher({ outbound: { seqno: 0, onWrite: () => undefined, cipherInfo, ...keys } });
}

it('what is replaced in ssh2 is there to be replaced', () => {
  expect(channelWindowRaised).toBe(true);
  expect(paddingFromStock).toBe(true);
});

it('a packet of any length is whole blocks, with at least 4 bytes of padding', () => {
  const sample = cipher();
  for (let payloadBytes = 0; payloadBytes < 100; payloadBytes += 1) {
    const packet = sample.allocPacket(payloadBytes);
    const [packetBytes, paddingBytes] = [packet.readUInt32BE(0), packet[4]!];
    expect(packetBytes % 16).toBe(0);
    expect(paddingBytes).toBeGreaterThanOrEqual(4);
    expect(paddingBytes).toBeLessThan(20);
    expect(packetBytes).toBe(1 + payloadBytes + paddingBytes);
    expect(packet.length).toBe(4 + packetBytes + 16);
  }
  sample.free();
});

it('padding is fresh in every packet, also when the stock is filled again', () => {
  const sample = cipher();
  const seen = new Set<string>();
  // more than one stock of 64 KiB
  for (let i = 0; i < 6000; i += 1) {
    const packet = sample.allocPacket(0);
    seen.add(packet.subarray(5, 5 + packet[4]!).toString('hex'));
  }
  expect(seen.size).toBe(6000);
  sample.free();
});
