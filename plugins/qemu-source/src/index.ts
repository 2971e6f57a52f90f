export { plugin, plugin as default } from './plugin.js';
export type { QemuSourceSettings } from './settings.js';
