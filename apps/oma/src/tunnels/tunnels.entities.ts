import { PairingCode } from './pairing-code.entity.js';
import { TunnelEventRow } from './tunnel-event.entity.js';
import { Vma } from './vma.entity.js';

/** The tables of this room. */
export const TUNNEL_ENTITIES = [Vma, PairingCode, TunnelEventRow] as const;
