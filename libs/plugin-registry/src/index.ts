export * from './plugin-registry.js';
export type { AnyPlugin } from './check-plugin.js';
