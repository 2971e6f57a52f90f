export * from './subjects.js';
export * from './source-checks.js';
export * from './target-checks.js';
export * from './describe-plugin.js';
export { NotApplicable } from './clause.js';
