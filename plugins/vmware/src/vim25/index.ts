export { decodeAny, decodeValue, isA } from './decode.js';
export { encodeCall } from './encode.js';
export type * from './generated/types.js';
export { decodeVimName } from './names.js';
export {
  lacksSession,
  type MissingPath,
  type Properties,
  type PropertyAt,
  type Retrieved,
} from './property-paths.js';
export { readMany, readProperties, retrieveObjects, type Wanted } from './property-reader.js';
export { SERVICE_INSTANCE, moRef, refKey, type ManagedObjectReference } from './references.js';
export type { LoginGuard } from './session-login.js';
export { waitForTask, waitUntil, type TaskOptions } from './tasks.js';
export { watchProperties, type WatchTarget, type WatchedObject } from './updates.js';
export {
  VimClient,
  type Draft,
  type MethodArguments,
  type MethodResult,
  type VimCallOptions,
  type VimClientOptions,
} from './vim-client.js';
export { TaskVanished, VimFault } from './vim-fault.js';
export type { Clock } from './clock.js';
