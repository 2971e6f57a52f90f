import { SOURCE_DISK_CHECKS } from './source-disk-checks.js';
import { SOURCE_POWER_CHECKS } from './source-power-checks.js';
import { SOURCE_SESSION_CHECKS } from './source-session-checks.js';
import { SOURCE_TRACKING_CHECKS } from './source-tracking-checks.js';
import type { Check, SourceSubject } from './subjects.js';

/** The clauses of the source contract. */
export const SOURCE_CHECKS: readonly Check<SourceSubject>[] = [
  ...SOURCE_SESSION_CHECKS,
  ...SOURCE_DISK_CHECKS,
  ...SOURCE_TRACKING_CHECKS,
  ...SOURCE_POWER_CHECKS,
];
