import type { Cloud } from '../cloud.js';
import { Call } from '../commands/call.js';
import { checkParameters, unknownParameters } from '../commands/check-parameters.js';
import { envelopeOf, reads, type Command } from '../commands/command.js';
import { COMMANDS } from '../commands/registry.js';
import { ERROR_TEXTS, isJobFault, type CloudstackFault, type FaultBook } from '../fault-book.js';
import type { Account } from '../state/model.js';
import { ApiError, HIDDEN_TEXT, UNVERIFIED_TEXT, errorBody, runtime } from './api-error.js';
import type { Payload } from './answer-text.js';
import { authenticate } from './authenticate.js';
import type { LoggedRequest } from './request-log.js';
import { refuseControlCharacters, unpackParameters } from './request-parameters.js';

export type Outcome =
  | { readonly kind: 'answer'; readonly status: number; readonly envelope: string; readonly payload: Payload }
  | { readonly kind: 'html'; readonly status: number }
  | { readonly kind: 'cut' };

interface Received {
  readonly command: Command;
  readonly caller: Account;
  readonly parameters: ReadonlyMap<string, string>;
  readonly entry: LoggedRequest;
}

/** Takes a request from its parameters to what is answered. */
export class RequestHandler {
  constructor(
    private readonly cloud: Cloud,
    private readonly faults: FaultBook,
  ) {}

  async handle(parameters: ReadonlyMap<string, string>, entry: LoggedRequest): Promise<Outcome> {
    const command = COMMANDS.get(parameters.get('command') ?? '');
    if (!command) return refusal('errorresponse', new ApiError('unauthorized', UNVERIFIED_TEXT));
    try {
      if (this.cloud.settings.enforcePost && entry.method === 'GET' && !reads(command))
        throw new ApiError('postRequired', `The command ${command.name} must be sent with POST`);
      const caller = authenticate(this.cloud, command, parameters);
      entry.account = caller.name;
      return await this.withFault({ command, caller, parameters, entry }, this.faults.take(command.name));
    } catch (error) {
      return refusal(envelopeOf(command), this.asApiError(command, error));
    } finally {
      this.cloud.violations.lookSometimes();
    }
  }

  private async withFault(received: Received, fault: CloudstackFault | undefined): Promise<Outcome> {
    if (fault?.kind === 'html') return { kind: 'html', status: fault.status };
    if (fault?.kind === 'error') return injected(received.command, fault);
    if (fault?.kind === 'slow') await this.cloud.jobs.pause(fault.delayMs);
    if (fault?.kind === 'answer-doubled') await this.carryOut(received, undefined);
    const outcome = await this.carryOut(received, fault);
    return fault?.kind === 'answer-lost' ? { kind: 'cut' } : outcome;
  }

  private async carryOut(received: Received, fault: CloudstackFault | undefined): Promise<Outcome> {
    const { command, caller, parameters, entry } = received;
    try {
      refuseControlCharacters(parameters);
      const unpacked = unpackParameters(parameters);
      entry.unknown = unknownParameters(command, unpacked);
      checkParameters(this.cloud, command, caller, unpacked);
      const jobFault = fault && isJobFault(fault) ? fault : undefined;
      const payload = await command.answer(new Call(this.cloud, command, caller, unpacked, jobFault));
      return { kind: 'answer', status: 200, envelope: envelopeOf(command), payload };
    } catch (error) {
      return refusal(envelopeOf(command), this.asApiError(command, error), caller);
    }
  }

  /** An error that no rule of the cloud made is the simulator's own. */
  private asApiError(command: Command, error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.cloud.violations.add(`the simulator failed at ${command.name}: ${words}`);
    return runtime(words);
  }
}

function refusal(envelope: string, error: ApiError, caller?: Account): Outcome {
  const payload = errorBody(error, { isRootAdmin: caller?.isRootAdmin ?? false });
  const named = error.kind === 'unsupported' ? 'errorresponse' : envelope;
  return { kind: 'answer', status: error.status, envelope: named, payload };
}

function injected(command: Command, fault: Extract<CloudstackFault, { kind: 'error' }>): Outcome {
  const { status, cserrorcode = 9999, text = ERROR_TEXTS[status] ?? HIDDEN_TEXT } = fault;
  const payload = { uuidList: [], errorcode: status, cserrorcode, errortext: text };
  return { kind: 'answer', status, envelope: envelopeOf(command), payload };
}
