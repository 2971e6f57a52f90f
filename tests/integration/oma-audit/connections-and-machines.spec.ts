import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditEventRow } from '../../../apps/oma/src/audit/audit.entities.js';
import { until } from '../../stack/probe.js';
import { ConnectionsBench, ENGINES } from '../oma-connections/bench.js';
import { CANARY } from '../oma-connections/test-plugins.js';

describe.each(ENGINES)('the audit log on %s', (engine) => {
  let bench: ConnectionsBench;
  beforeAll(async () => {
    bench = await ConnectionsBench.start(engine);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it('has one row for each thing that people do with connections and machines, and no secret', async () => {
    const base = 'settings/careless-cloud';
    const credentials = { password: CANARY };
    const draft = await bench.call(`${base}/discover-all`, { body: { credentials } });
    const setUpId = String(draft.body['id']);
    const validation = await bench.call(`${base}/validate`, {
      body: { setUpId, selection: { mood: 'calm' } },
    });
    await bench.call(`jobs/${String(validation.body['id'])}?wait=20s`);
    const saved = await bench.call(`${base}/save`, { body: { setUpId, name: 'cloud' } });
    expect(saved.status).toBe(201);
    const source = await bench.source();
    const target = await bench.qemu();
    const added = await bench.call('discovery/add-vms', {
      body: { connectionId: source.id, targetConnectionId: target.id, vmIds: ['vm-1', 'none'] },
    });
    const contextId = (added.body['added'] as { id: string }[])[0]!.id;
    await bench.call('network-mappings', { method: 'PUT', body: { contextId, sourceNetwork: 'LAN' } });
    const job = await bench.job(contextId);
    const cancelling = bench.call(`jobs/${job.id}/cancel`, { method: 'POST' });
    await until('the cancel is stored', async () =>
      Boolean((await bench.call(`jobs/${job.id}`)).body['cancelRequested']),
    );
    await job.end();
    await cancelling;

    const rows = await bench.database.getRepository(AuditEventRow).find({ order: { seq: 'ASC' } });
    expect(rows.map(({ action, subjectType }) => `${action} ${subjectType}`)).toEqual([
      'set-up.discover set-up',
      'job.start job',
      'connection.create connection',
      'set-up.save set-up',
      'connection.create connection',
      'connection.create connection',
      'job.start job',
      'vm.add vm-context',
      'network-mapping.change vm-context',
      'job.start job',
      'job.cancel job',
    ]);
    expect(rows[6]?.detail).toMatchObject({ kind: 'add-vms', input: { vmIds: ['vm-1', 'none'] } });
    expect(rows[3]?.detail).toMatchObject({ connectionId: saved.body['id'] });
    expect(JSON.stringify(rows)).not.toContain(CANARY);
    // one request is one correlation id, also in what its job does later
    expect(rows[7]?.correlationId).toBe(rows[6]?.correlationId);
    expect(rows[6]?.correlationId).toMatch(/^req_/);
  });

  it('has no row of what was refused by the state of things', async () => {
    const rows = () => bench.database.getRepository(AuditEventRow).count();
    const before = await rows();
    const source = await bench.call('connections');
    const used = (source.body['items'] as { id: string; kind: string }[]).find(
      ({ kind }) => kind === 'source',
    );
    expect((await bench.call(`connections/${used?.id}`, { method: 'DELETE' })).status).toBe(409);
    expect(await rows()).toBe(before);
  });
});
