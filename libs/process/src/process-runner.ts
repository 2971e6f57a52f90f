import type { ProcessLogger, ProcessRunner } from './process-spec.js';
import { runCommand } from './run-command.js';
import { SupervisedProcess } from './supervised-process.js';

/**
 * The one way to processes. Children never see a shell or the host's environment.
 * @param options.log told when children start and end.
 */
export function createProcessRunner(options: { readonly log?: ProcessLogger } = {}): ProcessRunner {
  return {
    start: (spec, call) => SupervisedProcess.start(spec, call, options.log),
    exec: (spec, call) => runCommand(spec, call, options.log),
  };
}
