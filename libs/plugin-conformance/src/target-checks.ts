import assert from 'node:assert/strict';
import type { Check, TargetSubject } from './subjects.js';

/** The clauses of the target contract. */
export const TARGET_CHECKS: readonly Check<TargetSubject>[] = [
  {
    clause: 'manifest is JSON and its id is kebab-case',
    async run({ plugin }) {
      assert.deepEqual(JSON.parse(JSON.stringify(plugin.manifest)), plugin.manifest);
      assert.match(plugin.manifest.id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    },
  },
];
