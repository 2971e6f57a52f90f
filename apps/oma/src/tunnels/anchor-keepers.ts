import { KeptAnchor, agentPaths } from '@ossea/agent-protocol';
import type { AnchorKeepers } from '../audit/audit-ports.js';
import type { AgentClient } from './agent-client.js';
import type { VmasService } from './vmas.service.js';

/** Every VMA keeps the signed heads of our audit log, where nobody here can change them. */
export function vmasAsAnchorKeepers(vmas: VmasService, agents: AgentClient): AnchorKeepers {
  return {
    async here() {
      return (await vmas.list()).filter(({ connected }) => connected).map(({ id }) => id);
    },
    async keep(vmaId, anchor, signal) {
      const call = { method: 'POST', path: agentPaths.auditAnchors, body: anchor, signal } as const;
      await agents.json(vmaId, call, KeptAnchor);
    },
  };
}
