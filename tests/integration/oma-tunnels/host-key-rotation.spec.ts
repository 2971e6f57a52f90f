import 'reflect-metadata';
import { AuditPage, HostKeyChange } from '@ossea/api-contract';
import { generateKeyPair, publicKeyOf, fingerprint } from '@ossea/tunnel';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateFiles, startVma } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { TunnelSite, accepts } from './tunnel-site.js';

/* The OMA gets another host key, and no VMA has to be enrolled again for it. */

describe.each(ENGINES)('the host key on %s', (engine) => {
  let appliance: Appliance;
  let site: TunnelSite;
  beforeEach(async () => {
    appliance = await Appliance.start({ engine });
    site = await TunnelSite.around(appliance);
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const rotate = async (force = false) => {
    const { status, body } = await appliance.call('admin/tunnel/rotate-host-key', { body: { force } });
    expect(status).toBe(200);
    return HostKeyChange.parse(body);
  };

  it('is changed when every VMA knows the next one; a stranger’s is refused as before', async () => {
    const a = await site.connectedVma();
    const b = await site.connectedVma();
    const stored = async (vma = a) => (await new StateFiles(vma.config.stateDir).enrolment())!;
    const before = (await stored()).hostKeyFingerprint;
    await b.running[Symbol.asyncDispose]();
    await until('it is away', async () => !(await site.vma(b.id)).connected);

    const waiting = await rotate();
    expect(waiting).toMatchObject({ hostKeyFingerprint: before, waitingFor: [b.id] });
    const next = waiting.nextHostKeyFingerprint ?? '';
    expect(await stored()).toMatchObject({ hostKeyFingerprint: before, nextHostKeyFingerprint: next });
    expect((await site.vma(a.id)).connected).toBe(true);

    // the one that was away comes back, hears of it, and with that all know
    const running = await startVma(b.config);
    site.later(() => running[Symbol.asyncDispose]());
    for (const vma of [a, b]) {
      await until('it has moved', async () => (await stored(vma)).hostKeyFingerprint === next);
      expect(await stored(vma)).not.toHaveProperty('nextHostKeyFingerprint');
      await site.connected(vma.id);
    }
    expect((await site.pairingCode()).hostKeyFingerprint).toBe(next);

    const strange = generateKeyPair().privateKey;
    expect(fingerprint(publicKeyOf(strange))).not.toBe(next);
    await appliance.stop();
    await writeFile(join(appliance.stateDir, 'tunnel-host-key'), strange);
    await appliance.begin({ tunnelPort: site.port });
    await until('it is refused', () => {
      const state = a.running.state();
      return 'tunnel' in state && state.tunnel?.error?.code === 'tunnel.host-key-changed';
    });
    expect((await stored()).hostKeyFingerprint).toBe(next);
  });

  it('is changed by force without those that are away, who then take it for a stranger’s', async () => {
    const here = await site.connectedVma();
    const away = await site.connectedVma();
    await away.running[Symbol.asyncDispose]();
    await until('it is away', async () => !(await site.vma(away.id)).connected);
    expect((await rotate()).waitingFor).toEqual([away.id]);
    const { hostKeyFingerprint, waitingFor } = await rotate(true);
    expect(waitingFor).toEqual([]);
    expect((await site.pairingCode()).hostKeyFingerprint).toBe(hostKeyFingerprint);
    await site.connected(here.id);

    const running = await startVma(away.config);
    site.later(() => running[Symbol.asyncDispose]());
    await until('it is told why', () => {
      const state = running.state();
      return 'tunnel' in state && state.tunnel?.error?.code === 'tunnel.host-key-changed';
    });
    const { items } = AuditPage.parse((await appliance.call('audit?limit=500')).body);
    expect(items.find(({ action }) => action === 'tunnel.host-key-in-use')?.detail).toMatchObject({
      withoutWaitingFor: [away.id],
    });
  });

  it('is changed at once where nobody is to be waited for', async () => {
    const { hostKeyFingerprint } = await site.pairingCode();
    const now = await rotate();
    expect(now.hostKeyFingerprint).not.toBe(hostKeyFingerprint);
    expect(now.waitingFor).toEqual([]);
    expect((await site.pairingCode()).hostKeyFingerprint).toBe(now.hostKeyFingerprint);
    await until('it listens again', () => accepts({ host: '127.0.0.1', port: site.port }));
    await site.connectedVma();
  });
});
