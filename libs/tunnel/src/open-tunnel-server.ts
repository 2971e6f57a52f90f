import type { TunnelServerOptions } from './server-options.js';
import { TunnelServer } from './tunnel-server.js';
import type { TunnelKind, TunnelTransport } from './transport.js';

/**
 * The tunnel server of a kind, not listening yet. Both kinds keep the same contract.
 * @param options `identities` must be given for `openssh`.
 */
export function openTunnelServer(_kind: TunnelKind, options: TunnelServerOptions): TunnelTransport {
  return new TunnelServer(options);
}
