import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { machinePage } from './machine-page.js';

const page = fileURLToPath(new URL('../../docs/generated/migration-machine.md', import.meta.url));

it('the page of the machines shows the tables as they are', async () => {
  const text = await format(machinePage(), { ...(await resolveConfig(page)), parser: 'markdown' });
  await expect(text).toMatchFileSnapshot(page);
});
