import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { SecretScrubber } from '@ossea/errors';
import type { PluginContext } from '@ossea/plugin-sdk';
import type { ProcessRunner } from '@ossea/process';
import { PROCESS_RUNNER } from '../volumes/volumes-ports.js';
import { PLUGIN_SCRATCH_DIR } from './connections-ports.js';

/** What plugins that run in this process are given. */
@Injectable()
export class PluginContexts {
  constructor(
    @Inject(PROCESS_RUNNER) private readonly runner: ProcessRunner,
    @Inject(PLUGIN_SCRATCH_DIR) private readonly scratchDir: string,
  ) {}

  /**
   * Makes the scratch directory, for its owner alone.
   * @param name names the directory and, behind the plugin, its log lines.
   * @param scrubber takes the secrets out of what the plugin logs.
   */
  async of(pluginId: string, name: string, scrubber: SecretScrubber): Promise<PluginContext> {
    const scratchDir = join(this.scratchDir, name);
    await mkdir(scratchDir, { recursive: true, mode: 0o700 });
    const logger = new Logger(`${pluginId} ${name}`);
    const line = (message: string, context?: object) =>
      context ? { message: scrubber.text(message), ...scrubber.context(context) } : scrubber.text(message);
    return {
      scratchDir,
      run: this.runner,
      log: {
        debug: (message, context) => logger.debug(line(message, context)),
        info: (message, context) => logger.log(line(message, context)),
        warn: (message, context) => logger.warn(line(message, context)),
        error: (message, context) => logger.error(line(message, context)),
      },
    };
  }
}
