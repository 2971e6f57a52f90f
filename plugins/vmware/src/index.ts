export { plugin, plugin as default } from './plugin.js';
export type { VmwareSettings } from './settings.js';
