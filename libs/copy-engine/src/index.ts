export * from './port.js';
export * from './journal.js';
export { ALLOCATION_HOLE, ALLOCATION_ZERO, BITMAP_DIRTY } from './nbd-wire.js';
export * from './nbd-client.js';
