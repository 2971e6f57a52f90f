import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PluginList, type Plugin } from '@ossea/api-contract';
import { asMigrationError, toProblem } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { settingsJsonSchema, type PluginManifest, type z } from '@ossea/plugin-sdk';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';

@ApiTags('plugins')
@Controller('api/v1/plugins')
export class PluginsController {
  constructor(private readonly registry: PluginRegistry) {}

  @Get()
  @Needs('state.read')
  @Answers(
    'The installed plugins, with the schema of their settings; and those that could not be loaded',
    PluginList,
  )
  list(): PluginList {
    const items: Plugin[] = [];
    const failures = this.registry.failures.map(({ packageName, error }) => ({
      packageName,
      problem: toProblem(error),
    }));
    for (const manifest of this.registry.list()) {
      try {
        items.push(this.view(manifest));
      } catch (error) {
        // a schema that cannot be drawn is this plugin's trouble, not that of the others
        const problem = toProblem(asMigrationError(error, 'plugin.broken-contract'));
        failures.push({ packageName: manifest.id, problem });
      }
    }
    return { items, failures };
  }

  private view({ id, kind, displayName, contract, capabilities }: PluginManifest): Plugin {
    const plugin = this.registry.get(id, kind);
    const setUp = 'setUp' in plugin ? plugin.setUp : undefined;
    return {
      id,
      kind,
      displayName,
      contract,
      capabilities: [...capabilities],
      settingsSchema: drawn(plugin.settings),
      ...('placement' in plugin ? { placementSchema: drawn(plugin.placement) } : {}),
      ...(setUp
        ? {
            setUp: {
              credentialsSchema: drawn(setUp.credentials),
              selectionSchema: drawn(setUp.selection),
            },
          }
        : {}),
    };
  }
}

function drawn(schema: z.ZodType): Record<string, unknown> {
  return settingsJsonSchema(schema) as Record<string, unknown>;
}
