import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { placementSchema, settingsSchema } from './settings.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const text = readFileSync(join(here, '../../../docs/cloudstack.md'), 'utf8');
const COMMAND =
  /'((?:list|create|attach|detach|delete|deploy|start|stop|destroy|update|revert|query)[A-Z]\w+)'/g;

it.each([
  ['setting', Object.keys(settingsSchema.shape)],
  ['choice of a placement', Object.keys(placementSchema.shape)],
])('the documentation names every %s', (_what, names) => {
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it('the documentation names every command that the account must be allowed', () => {
  const sources = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.spec)\.ts$/.test(name),
  );
  const sent = sources.flatMap((name) =>
    [...readFileSync(join(here, name), 'utf8').matchAll(COMMAND)].map(([, command]) => command!),
  );
  expect(sent.length).toBeGreaterThan(20);
  expect([...new Set(sent)].filter((command) => !text.includes(command))).toEqual([]);
});
