import { Global, Module, type DynamicModule } from '@nestjs/common';
import { PluginRegistry } from '@ossea/plugin-registry';
import { PluginsController } from './plugins.controller.js';

/** The plugins of this installation, loaded before anything else begins. */
@Global()
@Module({})
export class PluginsModule {
  static with(registry: PluginRegistry): DynamicModule {
    return {
      module: PluginsModule,
      controllers: [PluginsController],
      providers: [{ provide: PluginRegistry, useValue: registry }],
      exports: [PluginRegistry],
    };
  }
}
