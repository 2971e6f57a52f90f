export { ApiFault, OutcomeUnknown } from './api-fault.js';
export type { Clock } from './clock.js';
export { CloudstackClient, type CloudstackClientOptions, type StartedJob } from './cloudstack-client.js';
export type { ParamValue, Params } from './params.js';
export * from './wire.js';
export * from './wire-catalog.js';
