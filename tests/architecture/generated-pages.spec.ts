import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { accessPage } from './access-page.js';
import { machinePage } from './machine-page.js';

it.each([
  ['migration-machine', machinePage],
  ['roles-and-permissions', accessPage],
])('the page %s shows the tables as they are', async (name, text) => {
  const page = fileURLToPath(new URL(`../../docs/generated/${name}.md`, import.meta.url));
  const formatted = await format(text(), { ...(await resolveConfig(page)), parser: 'markdown' });
  await expect(formatted).toMatchFileSnapshot(page);
});
