import 'reflect-metadata';
import { AuditPage, PairingCodeList } from '@ossea/api-contract';
import { enrolMessage } from '@ossea/agent-protocol';
import { exchangeEnrolment, generateKeyPair } from '@ossea/tunnel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../oma-shell/appliance.js';
import { TunnelSite } from './tunnel-site.js';

/* What becomes of pairing codes: listed, withdrawn, fought over, and refused with a trace. */

const LIMITS = { enrolmentsPerMinute: 60, enrolmentsInAllPerMinute: 1_000 };

describe.each(ENGINES)('pairing codes on %s', (engine) => {
  let site: TunnelSite;
  beforeAll(async () => {
    const tunnel = { host: '127.0.0.1', port: 0, firstAgentPort: 0, ...LIMITS };
    site = await TunnelSite.start({ tunnel }, engine);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const list = async () =>
    PairingCodeList.parse((await site.appliance.call('admin/vma/pairing-code')).body).items;
  const withdraw = (id: string) => site.appliance.call(`admin/vma/pairing-code/${id}`, { method: 'DELETE' });
  const redeem = (code: string, hostKeyFingerprint: string) =>
    exchangeEnrolment(
      { host: '127.0.0.1', port: site.port, privateKey: generateKeyPair().privateKey, hostKeyFingerprint },
      enrolMessage(code, 'a VMA', '0.1.0'),
      AbortSignal.timeout(60_000),
    );

  it('are listed without the code, and void once they were withdrawn', async () => {
    const { code, hostKeyFingerprint } = await site.pairingCode('attic');
    const [row] = await list();
    expect(row).toMatchObject({ state: 'open', tries: 0, name: 'attic' });
    expect(JSON.stringify(await list())).not.toContain(code);
    for (let i = 0; i < 2; i += 1)
      expect(await withdraw(row?.id ?? '')).toMatchObject({ status: 200, body: { state: 'void' } });
    await expect(redeem(code, hostKeyFingerprint)).rejects.toMatchObject({ code: 'enrolment.rejected' });
    const audit = AuditPage.parse((await site.appliance.call('audit?limit=500')).body).items;
    expect(audit.filter(({ action }) => action === 'vma.pairing-code-withdraw')).toHaveLength(1);
    expect(
      audit.some(({ action, outcome }) => action === 'vma.enrolment-request' && outcome === 'refused'),
    ).toBe(true);
    expect((await withdraw('pair_01J00000000000000000000000')).status).toBe(404);
  });

  it('are one VMA’s when fifty redeem one at the same time; then the network has to wait', async () => {
    const before = (await site.vmas()).length;
    const { code, hostKeyFingerprint } = await site.pairingCode();
    const outcomes: unknown[] = [];
    // a server lets sixteen that have not logged in be there at once: they come as a steady crowd
    const left = Array.from({ length: 50 }, () => code);
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        for (let next = left.pop(); next; next = left.pop())
          outcomes.push(
            await redeem(next, hostKeyFingerprint).then(
              () => 'in',
              (error: unknown) => error,
            ),
          );
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(1);
    expect((await site.vmas()).length).toBe(before + 1);
    const [row] = await list();
    expect(row?.state).toBe('used');
    expect(await withdraw(row?.id ?? '')).toMatchObject({ status: 409 });

    const next = await site.pairingCode();
    const codes = new Set<unknown>();
    for (let i = 0; i < 15; i += 1)
      codes.add(
        await redeem('2345-6789-ABCD', hostKeyFingerprint).catch((error: { code: string }) => error.code),
      );
    expect(codes).toContain('access.throttled');
    await expect(redeem(next.code, hostKeyFingerprint)).rejects.toMatchObject({ code: 'access.throttled' });
  });
});
