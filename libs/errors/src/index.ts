export * from './errors.js';
export * from './deadline.js';
export * from './migration-error.js';
export * from './redact.js';
export * from './secret-scrubber.js';
