import assert from 'node:assert/strict';
import type { Check, SourceSubject } from './subjects.js';

/** The clauses of the source contract. */
export const SOURCE_CHECKS: readonly Check<SourceSubject>[] = [
  {
    clause: 'manifest is JSON and its id is kebab-case',
    async run({ plugin }) {
      assert.deepEqual(JSON.parse(JSON.stringify(plugin.manifest)), plugin.manifest);
      assert.match(plugin.manifest.id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    },
  },
];
