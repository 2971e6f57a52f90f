export * from './port.js';
export * from './journal.js';
export { ALLOCATION_HOLE, ALLOCATION_ZERO, BITMAP_DIRTY } from './nbd-wire.js';
export * from './nbd-client.js';
export * from './ranges.js';
export * from './plan.js';
export * from './journal-writer.js';
export * from './cluster-digest.js';
export * from './reference-engine.js';
