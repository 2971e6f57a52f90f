import { z } from '@ossea/plugin-sdk';

export const AgentPlugin = z.object({
  id: z.string(),
  displayName: z.string(),
  contract: z.int(),
  capabilities: z.array(z.string()),
  /** JSON Schema 2020-12 of the settings; a secret property carries `"secret": true`. */
  settingsSchema: z.record(z.string(), z.unknown()),
});

/** What a VMA says of itself. */
export const AgentInfo = z.object({
  vmaId: z.string(),
  version: z.string(),
  protocol: z.int(),
  engine: z.enum(['native', 'reference']),
  /** Whether ssh2 found its native cryptography; without it the tunnel is ten times slower. */
  nativeCrypto: z.boolean(),
  /** Event-loop delay of the last minute, 99th percentile, in milliseconds. */
  eventLoopDelayP99Ms: z.number(),
  plugins: z.array(AgentPlugin),
  failures: z.array(z.object({ packageName: z.string(), cause: z.string() })),
});
export type AgentInfo = z.infer<typeof AgentInfo>;
