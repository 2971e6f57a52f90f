import type { ErrorCode } from '@ossea/errors';
import type { SetUpFinding } from '@ossea/plugin-sdk';
import type { Facts } from '../facts.js';
import type { Looked, Problem } from '../look.js';

/** What a check has found; there is a remedy for everything but `pass`. */
export type Outcome = Pick<SetUpFinding, 'outcome' | 'message' | 'remedy' | 'code'>;

/** One thing that has to be right; it looks at the facts and asks nothing more. */
export interface Check {
  /** kebab-case. */
  readonly check: string;
  readonly title: string;
  readonly of: (facts: Facts) => Outcome;
}

export const pass = (message: string): Outcome => ({ outcome: 'pass', message });
export const warning = (message: string, remedy: string): Outcome => ({
  outcome: 'warning',
  message,
  remedy,
});
export const skipped = (message: string, remedy: string): Outcome => ({
  outcome: 'skipped',
  message,
  remedy,
});
export const fail = (message: string, remedy: string, code?: ErrorCode): Outcome => ({
  outcome: 'fail',
  message,
  remedy,
  ...(code === undefined ? {} : { code }),
});

/** Nobody knows: what the check is about could not be listed. */
export function notListed({ code, message, remedy }: Problem): Outcome {
  return { outcome: 'skipped', message, remedy, code };
}

/** What only administrators may list: a set-up does without it. */
export function forAdministrators({ code, message }: Problem, what: string): Outcome {
  if (code !== 'peer.forbidden') return { outcome: 'skipped', message, remedy: 'Look again.', code };
  return {
    outcome: 'skipped',
    message: `${what} is told to administrators only.`,
    remedy: 'Nothing has to be done: it is checked where the keys of an administrator are used.',
    code,
  };
}

/** A check of the one thing that was chosen: that it is there, and then what `of` finds. */
export function ofChosen<T>(
  { items, problem }: Looked<T>,
  what: string,
  of: (chosen: T) => Outcome,
): Outcome {
  const [chosen] = items;
  if (chosen !== undefined) return of(chosen);
  if (problem) return notListed(problem);
  return fail(
    `The ${what} that was chosen is not there, or not for this account and zone.`,
    `Choose the ${what} again.`,
    'resource.not-found',
  );
}
