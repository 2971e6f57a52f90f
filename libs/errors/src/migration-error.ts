import { ERRORS, type ErrorCode, type Recovery } from './errors.js';
import { redact } from './redact.js';

export type ErrorContext = Readonly<Record<string, string | number | boolean>>;

export interface MigrationErrorOptions {
  /** JSON-safe, secret-free values that make the message specific. */
  readonly context?: ErrorContext;
  readonly cause?: unknown;
}

/** The only error that crosses a border between rooms. `code` is a promise about what to do next. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly context: ErrorContext;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: MigrationErrorOptions = {},
  ) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.context = options.context ?? {};
  }

  get recovery(): Recovery {
    return ERRORS[this.code].recovery;
  }
}

/** By shape, not by `instanceof`: a plugin may carry its own copy of this package. */
export function isMigrationError(value: unknown): value is MigrationError {
  return (
    value instanceof Error &&
    value.name === 'MigrationError' &&
    'code' in value &&
    String(value.code) in ERRORS
  );
}

/**
 * Gives back a `MigrationError` as it is and wraps anything else.
 * @param code the code for an error that is not ours yet.
 */
export function asMigrationError(value: unknown, code: ErrorCode = 'internal.unexpected'): MigrationError {
  if (isMigrationError(value)) return value;
  if (value instanceof Error && value.name === 'AbortError') {
    return new MigrationError('call.aborted', 'The call was aborted.', { cause: value });
  }
  const message = value instanceof Error ? value.message : String(value);
  return new MigrationError(code, message, { cause: value });
}

/** Throws `call.aborted` when the signal has fired; call it at the top of every abortable operation. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new MigrationError('call.aborted', 'The call was aborted.');
}

/** RFC 9457 problem document, as it crosses HTTP, the feed and the agent's API. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly cause: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly context?: ErrorContext;
  readonly correlationId?: string;
}

/** The problem document of an error; the message passes `redact`. */
export function toProblem(error: unknown, correlationId?: string): Problem {
  const known = asMigrationError(error);
  const spec = ERRORS[known.code];
  return {
    type: `https://ossea.dev/errors/${known.code}`,
    title: known.code,
    status: spec.status,
    code: known.code,
    cause: redact(known.message),
    remedy: spec.remedy,
    retryable: spec.recovery !== 'give-up',
    ...(Object.keys(known.context).length ? { context: known.context } : {}),
    ...(correlationId ? { correlationId } : {}),
  };
}

/** The error a problem document stands for: the inverse of `toProblem`, for proxies and the CLI. */
export function fromProblem(problem: { code?: unknown; cause?: unknown; context?: unknown }): MigrationError {
  const code = String(problem.code) in ERRORS ? (String(problem.code) as ErrorCode) : 'internal.unexpected';
  return new MigrationError(code, String(problem.cause ?? code), {
    context: (problem.context ?? {}) as ErrorContext,
  });
}
