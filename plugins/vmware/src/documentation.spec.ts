import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CONCERNS } from './concerns/concern-table.js';
import { PRIVILEGES } from './privileges.js';
import { settingsSchema } from './settings.js';

const text = readFileSync(new URL('../../../docs/vmware.md', import.meta.url), 'utf8');

it.each([
  ['concern', Object.keys(CONCERNS)],
  ['privilege', PRIVILEGES.map(({ id }) => id)],
  ['setting', Object.keys(settingsSchema.shape)],
])('the documentation names every %s', (_what, names) => {
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
