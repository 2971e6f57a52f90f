import type { AgentInfo } from '@ossea/agent-protocol';
import type { PluginRegistry } from '@ossea/plugin-registry';
import { settingsJsonSchema } from '@ossea/plugin-sdk';

/** The source plugins of this VMA, and the packages that are none: they were not loaded, or cannot draw their form. */
export function describePlugins(registry: PluginRegistry): Pick<AgentInfo, 'plugins' | 'failures'> {
  const plugins: AgentInfo['plugins'] = [];
  const failures = registry.failures.map(({ packageName, error }) => ({ packageName, cause: error.message }));
  for (const { id, kind, displayName, contract, capabilities } of registry.list()) {
    if (kind !== 'source') continue;
    try {
      const settingsSchema = { ...settingsJsonSchema(registry.get(id, kind).settings) };
      plugins.push({ id, displayName, contract, capabilities: [...capabilities], settingsSchema });
    } catch (error) {
      const cause = `Its settings cannot be described: ${error instanceof Error ? error.message : String(error)}`;
      failures.push({ packageName: id, cause });
    }
  }
  return { plugins, failures };
}
