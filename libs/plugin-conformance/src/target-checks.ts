import type { Check, TargetSubject } from './subjects.js';
import { TARGET_MACHINE_CHECKS } from './target-machine-checks.js';
import { TARGET_SESSION_CHECKS } from './target-session-checks.js';
import { TARGET_SNAPSHOT_CHECKS } from './target-snapshot-checks.js';
import { TARGET_VOLUME_CHECKS } from './target-volume-checks.js';

/** The clauses of the target contract. */
export const TARGET_CHECKS: readonly Check<TargetSubject>[] = [
  ...TARGET_SESSION_CHECKS,
  ...TARGET_VOLUME_CHECKS,
  ...TARGET_SNAPSHOT_CHECKS,
  ...TARGET_MACHINE_CHECKS,
];
