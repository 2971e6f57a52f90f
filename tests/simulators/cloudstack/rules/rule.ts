import { ApiError, type ExceptionKind } from '../protocol/api-error.js';

/** What the server refuses, and with which words. */
export interface Rule<T> {
  readonly refuses: (subject: T) => boolean;
  /** `invalidValue` unless told. */
  readonly as?: ExceptionKind;
  readonly text: string | ((subject: T) => string);
}

/** Throws for the first rule that refuses. */
export function apply<T>(rules: readonly Rule<T>[], subject: T): void {
  const broken = rules.find(({ refuses }) => refuses(subject));
  if (!broken) return;
  const { text, as = 'invalidValue' } = broken;
  throw new ApiError(as, typeof text === 'string' ? text : text(subject));
}
