export * from './routes.js';
export * from './agent-token.js';
export * from './enrolment.js';
export * from './agent-info.js';
export * from './source-calls.js';
export * from './copies.js';
export * from './plugin-files.js';
export * from './audit-anchors.js';
