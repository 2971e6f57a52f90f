import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PluginList, type Plugin } from '@ossea/api-contract';
import { toProblem } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { settingsJsonSchema, type PluginManifest } from '@ossea/plugin-sdk';
import { Answers } from '../http/answers.js';

@ApiTags('plugins')
@Controller('api/v1/plugins')
export class PluginsController {
  constructor(private readonly registry: PluginRegistry) {}

  @Get()
  @Answers(
    'The installed plugins, with the schema of their settings; and those that could not be loaded',
    PluginList,
  )
  list(): PluginList {
    return {
      items: this.registry.list().map((manifest) => this.view(manifest)),
      failures: this.registry.failures.map(({ packageName, error }) => ({
        packageName,
        problem: toProblem(error),
      })),
    };
  }

  private view({ id, kind, displayName, contract, capabilities }: PluginManifest): Plugin {
    const plugin = this.registry.get(id, kind);
    return {
      id,
      kind,
      displayName,
      contract,
      capabilities: [...capabilities],
      settingsSchema: settingsJsonSchema(plugin.settings) as Record<string, unknown>,
      ...('placement' in plugin
        ? { placementSchema: settingsJsonSchema(plugin.placement) as Record<string, unknown> }
        : {}),
    };
  }
}
