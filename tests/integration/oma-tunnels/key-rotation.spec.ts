import 'reflect-metadata';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { AuditPage } from '@ossea/api-contract';
import { SshConnection, TUNNEL_USER, fingerprint } from '@ossea/tunnel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { StateFiles, startVma } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { greeter } from '../tunnel/site.js';
import { TunnelSite, type EnrolledVma } from './tunnel-site.js';

/* A VMA gets another key while it is connected, and neither a channel nor a crash on the way suffers from it. */

const LONG_AGO = "'2001-01-01 00:00:00.000'";

describe.each(ENGINES)('the key of a VMA on %s', (engine) => {
  let appliance: Appliance;
  let site: TunnelSite;
  let vma: EnrolledVma;
  beforeEach(async () => {
    appliance = await Appliance.start({ engine });
    site = await TunnelSite.around(appliance);
    vma = await site.connectedVma();
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const files = () => new StateFiles(vma.config.stateDir);
  const rotate = () => appliance.call(`admin/vma/rotate-key/${vma.id}`, { method: 'POST' });
  const shown = async () => (await site.vma(vma.id)).fingerprint;
  const inUse = (before: string) =>
    until('the OMA has seen another key', async () => {
      const now = await shown();
      return now === before ? undefined : now;
    });
  const dial = async (privateKey: string) => {
    const { hostKeyFingerprint } = await site.pairingCode();
    const where = { host: '127.0.0.1', port: site.port, hostKeyFingerprint };
    return SshConnection.dial({ ...where, username: TUNNEL_USER, privateKey }, AbortSignal.timeout(15_000));
  };

  it('is changed on demand, and again, while a channel goes on; the old one is let in for a while and never again', async () => {
    site.later(await greeter(nbdSocketPath(join(appliance.stateDir, 'run'), vma.id), vma.id));
    const copying = net.connect(vma.running.nbdSocketPath);
    await once(copying, 'data');
    const old = await files().keyPair();
    expect(await rotate()).toMatchObject({ status: 200 });
    const now = await inUse(vma.fingerprint);
    expect(fingerprint((await files().keyPair()).publicKey)).toBe(now);
    expect(await files().nextKeyPair()).toBeUndefined();
    expect((await site.vma(vma.id)).connected).toBe(true);
    expect(copying.destroyed).toBe(false);
    (await dial(old.privateKey)).destroy();

    await appliance.change(
      `UPDATE vma_key SET expiresAt = ${LONG_AGO} WHERE fingerprint = '${vma.fingerprint}'`,
    );
    // which is when the OMA tells the tunnel server who may come in
    expect(await rotate()).toMatchObject({ status: 200 });
    await inUse(now);
    await expect(dial(old.privateKey)).rejects.toMatchObject({ code: 'auth.rejected' });
    await until('what came by the old key is cut', () => copying.destroyed);
    await site.connected(vma.id);
    const { items } = AuditPage.parse((await appliance.call('audit?limit=500')).body);
    const actions = items.map(({ action }) => action);
    for (const action of ['vma.rotate-key', 'vma.key-in-use'])
      expect(actions.filter((one) => one === action)).toHaveLength(2);
  });

  it('is changed by itself when it is old', async () => {
    await appliance.change(`UPDATE vma_key SET notBefore = ${LONG_AGO}`);
    process.kill(await site.serverPid(), 'SIGKILL');
    await inUse(vma.fingerprint);
    await site.connected(vma.id);
  });

  it('is refused when its time is over', async () => {
    await appliance.change(`UPDATE vma_key SET expiresAt = ${LONG_AGO}`);
    process.kill(await site.serverPid(), 'SIGKILL');
    await until('it is told', () => vma.running.state().state === 'revoked');
    expect((await site.vma(vma.id)).connected).toBe(false);
  });

  it('is the one that is let in, whichever that was when the VMA was killed', async () => {
    // before the OMA had heard of the next one
    await vma.running[Symbol.asyncDispose]();
    await files().makeNextKeyPair();
    let running = await startVma(vma.config);
    site.later(() => running[Symbol.asyncDispose]());
    await site.connected(vma.id);
    expect(await shown()).toBe(vma.fingerprint);
    // after the OMA had let the next one in, before the VMA had written so
    const old = (await files().keyPair()).privateKey;
    expect(await rotate()).toMatchObject({ status: 200 });
    const now = await inUse(vma.fingerprint);
    await running[Symbol.asyncDispose]();
    await rename(join(vma.config.stateDir, 'vma-key'), join(vma.config.stateDir, 'vma-key.next'));
    await writeFile(join(vma.config.stateDir, 'vma-key'), old, { mode: 0o600 });
    running = await startVma(vma.config);
    await site.connected(vma.id);
    await until('it has written so', async () => (await files().nextKeyPair()) === undefined);
    expect(fingerprint((await files().keyPair()).publicKey)).toBe(now);
  });

  it('is not changed where there is no VMA, or none that is connected', async () => {
    expect(
      (await appliance.call('admin/vma/rotate-key/vma_01J00000000000000000000000', { method: 'POST' }))
        .status,
    ).toBe(404);
    await vma.running[Symbol.asyncDispose]();
    await until('it is gone', async () => !(await site.vma(vma.id)).connected);
    expect(await rotate()).toMatchObject({ body: { code: 'tunnel.down' } });
  });
});
