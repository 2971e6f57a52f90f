import { PairingCode } from './pairing-code.entity.js';
import { TunnelEventRow } from './tunnel-event.entity.js';
import { VmaKey } from './vma-key.entity.js';
import { Vma } from './vma.entity.js';

/** The tables of this room. */
export const TUNNEL_ENTITIES = [Vma, VmaKey, PairingCode, TunnelEventRow] as const;
