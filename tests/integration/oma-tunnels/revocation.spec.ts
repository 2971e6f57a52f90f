import 'reflect-metadata';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { enrolMessage } from '@ossea/agent-protocol';
import { JobPage } from '@ossea/api-contract';
import { exchangeEnrolment } from '@ossea/tunnel';
import { afterEach, expect, it } from 'vitest';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { until } from '../../stack/probe.js';
import { greeter } from '../tunnel/site.js';
import { TunnelSite, accepts } from './tunnel-site.js';

let site: TunnelSite;
afterEach(() => site[Symbol.asyncDispose]());

const REVOKED_WITHIN_MS = 5_000;

it('cuts the live session within five seconds, refuses new ones, and leaves the other VMA alone', async () => {
  site = await TunnelSite.start();
  const a = await site.connectedVma();
  const b = await site.connectedVma();
  const { privateKey } = await new StateFiles(a.config.stateDir).keyPair();
  // a channel in use, as an NBD connection in mid-copy would be
  for (const { id } of [a, b])
    site.later(await greeter(nbdSocketPath(join(site.appliance.stateDir, 'run'), id), id));
  const copying = net.connect(a.running.nbdSocketPath);
  const others = net.connect(b.running.nbdSocketPath);
  await Promise.all([once(copying, 'data'), once(others, 'data')]);
  const ended = once(copying, 'close');
  const before = performance.now();
  const { status, body } = await site.decide('revoke', a.id);
  await ended;
  expect(performance.now() - before).toBeLessThan(REVOKED_WITHIN_MS);
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: 'revoked' });

  // it comes back, and is told no
  await until('its key is refused', () => {
    const state = a.running.state();
    return state.state === 'revoked' || ('tunnel' in state && state.tunnel?.error?.code === 'auth.rejected');
  });
  expect(await site.vma(a.id)).toMatchObject({ state: 'revoked', connected: false });
  expect(others.destroyed).toBe(false);
  expect(await site.vma(b.id)).toMatchObject({ state: 'approved', connected: true });
  others.destroy();
  // nor does a new code help this key
  const { code, hostKeyFingerprint } = await site.pairingCode();
  const again = exchangeEnrolment(
    { host: '127.0.0.1', port: site.port, privateKey, hostKeyFingerprint },
    enrolMessage(code, 'again', '1'),
    AbortSignal.timeout(15_000),
  );
  await expect(again).rejects.toMatchObject({ code: 'enrolment.rejected' });
});

it('does not wait for a tunnel server that hangs', async () => {
  site = await TunnelSite.start();
  const a = await site.connectedVma();
  const b = await site.connectedVma();
  process.kill(await site.serverPid(), 'SIGSTOP');
  const before = performance.now();
  const { status } = await site.decide('revoke', a.id);
  expect(status).toBe(200);
  expect(performance.now() - before).toBeLessThan(REVOKED_WITHIN_MS);
  expect((await site.vma(a.id)).connected).toBe(false);
  await site.connected(b.id);
  expect(await accepts({ port: site.port, host: '127.0.0.1' })).toBe(true);
});

it('stands in the job log, and is the same when it is asked for again', async () => {
  site = await TunnelSite.start();
  const a = await site.connectedVma();
  await site.decide('revoke', a.id);
  const jobs = JobPage.parse((await site.appliance.call('jobs?kind=revoke-vma')).body).items;
  expect(jobs).toMatchObject([{ state: 'succeeded', category: 'access', result: { vmaId: a.id } }]);
  expect(await site.decide('revoke', a.id)).toMatchObject({ status: 200, body: { state: 'revoked' } });
});
