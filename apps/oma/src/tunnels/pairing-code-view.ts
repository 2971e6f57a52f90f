import type { PairingCodeRecord, PairingCodeState } from '@ossea/api-contract';
import type { PairingCode } from './pairing-code.entity.js';
import { PAIRING_TRIES } from './pairing-codes.js';

/** A pairing code as the API shows it: everything but the code. */
export function pairingCodeView(row: PairingCode, now = new Date()): PairingCodeRecord {
  return {
    id: row.id,
    state: stateOf(row, now),
    tries: row.tries,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    ...(row.vmaName === null ? {} : { name: row.vmaName }),
    ...(row.usedAt === null ? {} : { usedAt: row.usedAt.toISOString() }),
    ...(row.usedByVmaId === null ? {} : { usedByVmaId: row.usedByVmaId }),
  };
}

function stateOf({ usedAt, withdrawnAt, tries, expiresAt }: PairingCode, now: Date): PairingCodeState {
  if (usedAt) return 'used';
  if (withdrawnAt || tries >= PAIRING_TRIES) return 'void';
  return expiresAt <= now ? 'expired' : 'open';
}
