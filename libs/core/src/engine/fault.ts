import { ERRORS, type ErrorCode, type ErrorContext, type MigrationError, type Recovery } from '@ossea/errors';
import type { StepDefinition } from '../steps/step-definition.js';

/** What the operator sees of a fault: what happened, what shows it, what to do, what trying again costs. */
export interface Fault {
  readonly step: string;
  readonly label: string;
  readonly code: ErrorCode;
  readonly cause: string;
  readonly evidence: ErrorContext;
  readonly remedy: string;
  readonly recovery: Recovery;
  readonly retryCost: string;
  readonly attempts: number;
}

/**
 * @param backTo label of the earlier step that a retry starts from, when it does not repeat this one only.
 */
export function faultOf(
  step: StepDefinition,
  at: { readonly step: string; readonly attempt: number },
  error: MigrationError,
  backTo: string | undefined,
): Fault {
  return {
    step: at.step,
    label: step.label,
    code: error.code,
    cause: error.message,
    evidence: error.context,
    remedy: ERRORS[error.code].remedy,
    recovery: ERRORS[error.code].recovery,
    retryCost: backTo
      ? `Starts again from "${backTo}".`
      : (step.retryCost ?? 'Repeats this step only; what has ended is kept.'),
    attempts: at.attempt,
  };
}

/** A leg that must run and cannot: never happens in tables that pass the walk. */
export function blockedFault(names: readonly string[]): Fault {
  return {
    step: names[0] ?? '',
    label: names.join(' or '),
    code: 'internal.unexpected',
    cause: `No step of [${names.join(', ')}] is possible here.`,
    evidence: {},
    remedy: ERRORS['internal.unexpected'].remedy,
    recovery: ERRORS['internal.unexpected'].recovery,
    retryCost: 'A retry meets the same.',
    attempts: 0,
  };
}
