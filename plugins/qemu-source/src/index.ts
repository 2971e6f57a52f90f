export { plugin, plugin as default } from './plugin.js';
