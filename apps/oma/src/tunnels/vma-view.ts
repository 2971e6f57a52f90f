import type { Vma as VmaView } from '@ossea/api-contract';
import { fingerprintWords } from '@ossea/agent-protocol';
import type { Presence } from './tunnel-presence.js';
import type { Vma } from './vma.entity.js';

/** A VMA as the API shows it. */
export function vmaView(
  row: Vma,
  { connected, since, agentPort }: Presence,
  hostKeyFingerprint: string,
): VmaView {
  const seen = connected ? new Date() : row.lastSeenAt;
  const port = agentPort ?? row.agentPort;
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    fingerprint: row.fingerprint,
    words: fingerprintWords(row.fingerprint, hostKeyFingerprint),
    connected,
    createdAt: row.createdAt.toISOString(),
    ...(row.version === null ? {} : { version: row.version }),
    ...(port === null ? {} : { agentPort: port }),
    ...(since ? { connectedSince: since.toISOString() } : {}),
    ...(seen ? { lastSeenAt: seen.toISOString() } : {}),
  };
}
