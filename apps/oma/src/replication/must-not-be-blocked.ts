import { ERRORS, MigrationError, type ErrorCode } from '@ossea/errors';
import type { VmDescription } from '@ossea/plugin-sdk';

/**
 * Throws for a machine with blockers, all of which are told: under the first one's own code where that is an error of
 * ours, as `source.blocked` otherwise.
 */
export function mustNotBeBlocked({ concerns }: VmDescription): void {
  const blockers = concerns.filter(({ severity }) => severity === 'blocker');
  const [first] = blockers;
  if (!first) return;
  const code = first.code in ERRORS ? (first.code as ErrorCode) : 'source.blocked';
  const told = blockers.map(({ message, remedy }) => `${message} ${remedy}`).join(' ');
  throw new MigrationError(code, told, { context: { concern: first.code, blockers: blockers.length } });
}
