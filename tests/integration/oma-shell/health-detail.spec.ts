import { Health, HealthDetail } from '@ossea/api-contract';
import { expect, it } from 'vitest';
import { Appliance } from './appliance.js';

it('tells everyone whether it is well, and only callers with a token how each part is', async () => {
  await using oma = await Appliance.start();
  const open = await oma.call('health', { token: null });
  expect(Health.strict().parse(open.body).status).toMatch(/ok|degraded/);
  expect((await oma.call('health/detail', { token: null })).status).toBe(401);
  const { parts, version } = HealthDetail.parse((await oma.call('health/detail')).body);
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(parts['database']).toEqual({ status: 'ok', detail: 'SQLite' });
  expect(parts['tunnel-server']?.status).toBe('ok');
  expect(parts['spool']?.detail).toMatch(/^\d+ bytes free$/);
  expect(Object.keys(parts)).toEqual(expect.arrayContaining(['copy-engine', 'plugins', 'state']));
});
