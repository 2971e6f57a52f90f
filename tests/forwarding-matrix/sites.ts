import type { TunnelKind } from '@ossea/tunnel';
import { TRANSPORTS } from '../stack/openssh-ground.js';
import type { OpenMatrixSite } from './matrix-site.js';
import { openTunnelSite } from './tunnel-site.js';

const over =
  (transport: TunnelKind): OpenMatrixSite =>
  (directory) =>
    openTunnelSite(transport, directory);

/** Every transport that the matrix can be run against here. */
export const SITES: Readonly<Record<string, OpenMatrixSite>> = Object.fromEntries(
  TRANSPORTS.map((transport) => [transport, over(transport)]),
);
