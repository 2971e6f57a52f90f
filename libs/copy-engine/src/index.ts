export * from './port.js';
export * from './journal.js';
