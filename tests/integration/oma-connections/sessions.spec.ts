import { MigrationError } from '@ossea/errors';
import type { TargetSession } from '@ossea/plugin-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionSessions } from '../../../apps/oma/src/connections/connection-sessions.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { until } from '../../stack/probe.js';
import { ConnectionsBench } from './bench.js';
import { CANARY } from './test-plugins.js';

const call = { signal: new AbortController().signal };
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing was thrown',
    (error: MigrationError) => error.code,
  );

describe('sessions of connections', () => {
  let bench: ConnectionsBench;
  let sessions: ConnectionSessions;
  beforeAll(async () => {
    bench = await ConnectionsBench.start();
    sessions = bench.service(ConnectionSessions);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const patch = (id: string, body: object) => bench.call(`connections/${id}`, { method: 'PATCH', body });
  const connectsOf = async (run: () => Promise<unknown>) => {
    const before = bench.cloud.connects;
    await run();
    return bench.cloud.connects - before;
  };

  it('are opened once for all who ask at the same time, and kept', async () => {
    const { id } = await bench.careless();
    let open = (): void => undefined;
    bench.cloud.gate = new Promise((resolve) => (open = resolve));
    const connects = await connectsOf(async () => {
      const asked = [1, 2, 3, 4, 5].map(() => sessions.target(id, call));
      await until('one of them connects', () => bench.cloud.connects > 0);
      open();
      const [first, ...others] = await Promise.all(asked);
      for (const other of others) expect(other).toBe(first);
      expect(await sessions.target(id, call)).toBe(first);
    });
    bench.cloud.gate = undefined;
    expect(connects).toBe(1);
  });

  it('are not taken from the others when one who waits goes away', async () => {
    const { id } = await bench.careless();
    let open = (): void => undefined;
    bench.cloud.gate = new Promise((resolve) => (open = resolve));
    const leaving = new AbortController();
    const left = codeOf(sessions.target(id, { signal: leaving.signal }));
    const stays = sessions.target(id, call);
    leaving.abort();
    expect(await left).toBe('call.aborted');
    open();
    bench.cloud.gate = undefined;
    expect((await stays).can.volumeSnapshots).toBeDefined();
    expect(await codeOf(sessions.target(id, { signal: AbortSignal.abort() }))).toBe('call.aborted');
  });

  it('that could not be opened are tried again, and not before somebody asks', async () => {
    const { id } = await bench.careless('refuses');
    const connects = await connectsOf(async () => {
      expect(await codeOf(sessions.target(id, call))).toBe('auth.rejected');
      expect(await codeOf(sessions.target(id, call))).toBe('auth.rejected');
    });
    expect(connects).toBe(2);
    await patch(id, { settings: { mood: 'calm', password: CANARY } });
    expect(await codeOf(sessions.target(id, call))).toBe('nothing was thrown');
  });

  it('stay through a new name and an edit that changes nothing, and go with the settings', async () => {
    const { id, settings } = await bench.careless();
    const first = await sessions.target(id, call);
    await patch(id, { name: `renamed ${id}`, settings });
    expect(await sessions.target(id, call)).toBe(first);
    await patch(id, { settings: { ...settings, mood: 'calmer' } });
    const open = bench.cloud.open;
    const second = await sessions.target(id, call);
    expect(second).not.toBe(first);
    // what was opened through the first one must not be torn away
    expect(bench.cloud.open).toBe(open + 1);
    await patch(id, { settings: { ...settings, mood: 'refuses' } });
    expect(await codeOf(sessions.target(id, call))).toBe('auth.rejected');
    expect(bench.cloud.open).toBe(open + 1);
    expect((await bench.call(`connections/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(bench.cloud.open).toBe(open - 1);
    expect(await codeOf(sessions.target(id, call))).toBe('request.not-found');
  });

  it('of a source are replaced on its VMA, and ended on a VMA that it leaves', async () => {
    const { id } = await bench.source();
    const first = await sessions.source(id, call);
    expect(await sessions.source(id, call)).toBe(first);
    await patch(id, { vmaId: bench.otherVma });
    expect(await sessions.source(id, call)).not.toBe(first);
    await until('the former one is ended', () => bench.gateway.closed.includes(`${bench.approvedVma} ${id}`));
  });

  it('that jobs work with are not disturbed when a connection is tried', async () => {
    const { id, settings } = await bench.qemu();
    const session: TargetSession = await sessions.target(id, call);
    const spec = { name: 'volume', sizeBytes: 1 << 20, placement: { format: 'raw', accelerator: 'tcg' } };
    const volume = await session.volumes.create(spec, {
      key: newId('v').toLowerCase().replace('_', '-'),
      ...call,
    });
    await using lease = await session.volumes.open(volume, call);
    expect((await bench.call(`connections/${id}/test`, { method: 'POST' })).status).toBe(200);
    expect(await sessions.target(id, call)).toBe(session);
    // still ours: nobody else may open it
    const poolDir = String(settings['poolDir']);
    await patch(id, { settings: { poolDir, machinesDir: `${String(settings['machinesDir'])}2` } });
    const next = await sessions.target(id, call);
    expect(next).not.toBe(session);
    expect(await codeOf(next.volumes.open(volume, call))).toBe('volume.in-use');
    expect(lease.value.sizeBytes).toBe(1 << 20);
  });

  it.each(['auth.rejected', 'peer.unreachable'] as const)(
    'that their other side refuses (%s) are opened anew once a trial has shown that it can be done',
    async (code) => {
      const target = await bench.careless();
      const source = await bench.source();
      const before = [await sessions.target(target.id, call), await sessions.source(source.id, call)];
      bench.cloud.broken = new MigrationError(code, 'This session is over.');
      bench.gateway.broken = new MigrationError(code, 'This session is over.');
      for (const { id } of [target, source])
        expect((await bench.call(`connections/${id}/test`, { method: 'POST' })).status).toBe(200);
      expect(bench.gateway.closed).toContain(`${bench.approvedVma} ${source.id}`);
      expect(await sessions.target(target.id, call)).not.toBe(before[0]);
      expect(await sessions.source(source.id, call)).not.toBe(before[1]);
      const networks = await bench.call(`networks/available?connectionId=${target.id}`);
      expect(networks.status).toBe(200);
    },
  );

  it('answer only to their kind', async () => {
    const { id } = await bench.source();
    expect(await codeOf(sessions.target(id, call))).toBe('request.not-found');
    expect(await codeOf(sessions.source(newId('con'), call))).toBe('request.not-found');
  });

  it('all end when the appliance stops, also the former ones', async () => {
    const { id } = await bench.careless();
    await sessions.target(id, call);
    await patch(id, { settings: { mood: 'calmer', password: CANARY } });
    await sessions.target(id, call);
    const source = await bench.source();
    await sessions.source(source.id, call);
    expect(bench.cloud.open).toBeGreaterThan(2);
    await bench.close();
    expect(bench.cloud.open).toBe(0);
    expect(bench.gateway.closed).toContain(`${bench.approvedVma} ${source.id}`);
    await bench.open();
    expect((await bench.call(`connections/${id}/test`, { method: 'POST' })).status).toBe(200);
  });
});
