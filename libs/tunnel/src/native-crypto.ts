import { createRequire } from 'node:module';

/**
 * Whether ssh2 uses its native cipher binding. Without it the tunnel is about ten times slower and nothing says so;
 * both appliances log it at the start and show it in their health.
 */
export function nativeCryptoAvailable(): boolean {
  const crypto = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as {
    bindingAvailable?: boolean;
  };
  return crypto.bindingAvailable === true;
}
