import { MigrationError } from '@ossea/errors';
import type { PluginContext } from '@ossea/plugin-sdk';

const silent = (): void => undefined;

/** A context for plugins that live in memory: they log nothing, store nothing and start nothing. */
export const MEMORY_CONTEXT: PluginContext = {
  log: { debug: silent, info: silent, warn: silent, error: silent },
  scratchDir: '/nonexistent',
  run: {
    start: () => Promise.reject(new MigrationError('process.missing', 'Nothing is started in memory.')),
    exec: () => Promise.reject(new MigrationError('process.missing', 'Nothing is started in memory.')),
  },
};

export function notFound(what: string, id: string): MigrationError {
  return new MigrationError('resource.not-found', `There is no ${what} "${id.slice(0, 80)}".`);
}

/** One black pixel. */
export const PIXEL = {
  mediaType: 'image/png',
  base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
} as const;
