import { OpenSshServer } from './openssh/open-ssh-server.js';
import type { TunnelServerOptions } from './server-options.js';
import { TunnelServer } from './tunnel-server.js';
import type { TunnelKind, TunnelTransport } from './transport.js';

/**
 * The tunnel server of a kind, not listening yet. Both kinds keep the same contract.
 * @param options `identities` must be given for `openssh`.
 */
export function openTunnelServer(kind: TunnelKind, options: TunnelServerOptions): TunnelTransport {
  return kind === 'openssh' ? new OpenSshServer(options) : new TunnelServer(options);
}
