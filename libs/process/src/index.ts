export * from './process-spec.js';
export * from './process-runner.js';
export {
  isProcessAlive,
  processArguments,
  processStartTime,
  stopByPid,
  waitUntilGone,
} from './process-identity.js';
