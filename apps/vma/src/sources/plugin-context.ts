import { Logger } from '@nestjs/common';
import type { SecretScrubber } from '@ossea/errors';
import type { PluginContext, ProcessRunner } from '@ossea/plugin-sdk';

/** All that a plugin is given here. What it logs goes through the scrubber: it may quote what it was given. */
export function pluginContext(
  pluginId: string,
  scratchDir: string,
  run: ProcessRunner,
  scrubber: SecretScrubber,
): PluginContext {
  const logger = new Logger(pluginId);
  const at = (level: 'debug' | 'log' | 'warn' | 'error') => (message: string, context?: object) =>
    logger[level](scrubber.context(context ?? {}), scrubber.text(message));
  return {
    scratchDir,
    run,
    log: { debug: at('debug'), info: at('log'), warn: at('warn'), error: at('error') },
  };
}
