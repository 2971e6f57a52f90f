import { createRequire } from 'node:module';

/** The release this appliance belongs to. */
export const VERSION = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
