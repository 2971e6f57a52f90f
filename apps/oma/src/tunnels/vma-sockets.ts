import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where the tunnel server offers the agent API of a VMA to this appliance. Short, because it is a socket's path. */
export function agentSocketFor(runDir: string, vmaId: string): string {
  return join(runDir, `agent-${createHash('sha256').update(vmaId).digest('hex').slice(0, 10)}.sock`);
}

/** Where the tunnel server's process reaches this one. */
export function controlSocketIn(runDir: string): string {
  return join(runDir, 'tunnel.sock');
}
