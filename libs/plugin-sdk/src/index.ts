export * from './values.js';
export * from './provision.js';
export * from './plugin.js';
export * from './source-plugin.js';
export * from './target-plugin.js';
export * from './settings.js';
export * from './guard.js';
export * from './turns.js';
