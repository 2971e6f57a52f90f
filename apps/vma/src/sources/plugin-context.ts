import { Logger } from '@nestjs/common';
import { redact, redactDeep } from '@ossea/errors';
import type { PluginContext, ProcessRunner } from '@ossea/plugin-sdk';

/** All that a plugin is given here. What it logs goes through `redact`: it is not ours. */
export function pluginContext(pluginId: string, scratchDir: string, run: ProcessRunner): PluginContext {
  const logger = new Logger(pluginId);
  const at = (level: 'debug' | 'log' | 'warn' | 'error') => (message: string, context?: object) =>
    logger[level]({ ...(redactDeep(context ?? {}) as object) }, redact(message));
  return {
    scratchDir,
    run,
    log: { debug: at('debug'), info: at('log'), warn: at('warn'), error: at('error') },
  };
}
