import { OpenSshClient } from './openssh/open-ssh-client.js';
import type { SourceTunnel, TunnelClientOptions } from './client-options.js';
import type { TunnelKind } from './transport.js';
import { TunnelClient } from './tunnel-client.js';

/** The source side of the tunnel by our own client or by the system's; either speaks with either server. */
export function openTunnelClient(kind: TunnelKind, options: TunnelClientOptions): SourceTunnel {
  return kind === 'openssh' ? new OpenSshClient(options) : new TunnelClient(options);
}
