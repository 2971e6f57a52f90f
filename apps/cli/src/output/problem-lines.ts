import type { Problem } from '@ossea/api-contract';
import { harmless } from './table.js';

type Told = Pick<Problem, 'code' | 'cause' | 'remedy' | 'errors' | 'correlationId'>;

/** What went wrong, its code and what to do now. */
export function problemLines({ code, cause, remedy, errors = [], correlationId }: Told): string[] {
  return [
    `cause:   ${harmless(cause)}`,
    ...errors.map(({ pointer, message }) => `         ${harmless(pointer)}: ${harmless(message)}`),
    `code:    ${code}`,
    `remedy:  ${harmless(remedy)}`,
    ...(correlationId === undefined ? [] : [`trace:   ${harmless(correlationId)}`]),
  ];
}
