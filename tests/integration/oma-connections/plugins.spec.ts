import { PluginList } from '@ossea/api-contract';
import { ERRORS } from '@ossea/errors';
import { expect, it } from 'vitest';
import { ConnectionsBench } from './bench.js';

it('lists the plugins that can be used with what their forms need, and says why others cannot', async () => {
  await using bench = await ConnectionsBench.start();
  const answer = await bench.call('plugins');
  expect(answer.status).toBe(200);
  const { items, failures } = PluginList.parse(answer.body);
  expect(items.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'source memory-source',
    'target careless-cloud',
    'target qemu-target',
  ]);
  const [source, , qemu] = items;
  expect(source?.settingsSchema).toMatchObject({
    properties: { host: { type: 'string' }, password: { type: 'string', secret: true } },
    required: ['host', 'password'],
  });
  expect(source).not.toHaveProperty('placementSchema');
  expect(qemu?.placementSchema).toMatchObject({ properties: { format: { enum: ['raw', 'qcow2'] } } });
  expect(qemu?.capabilities).toContain('volumeSnapshots');
  expect(failures.map(({ packageName, problem }) => [packageName, problem.code, problem.remedy])).toEqual([
    ['newer-than-we', 'plugin.contract-version', ERRORS['plugin.contract-version'].remedy],
    ['not-installed', 'plugin.unknown', ERRORS['plugin.unknown'].remedy],
    ['undrawable', 'plugin.broken-contract', ERRORS['plugin.broken-contract'].remedy],
  ]);
});
