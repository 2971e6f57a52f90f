import 'reflect-metadata';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JobPage } from '@ossea/api-contract';
import { statusMessage } from '@ossea/agent-protocol';
import { exchangeEnrolment, generateKeyPair } from '@ossea/tunnel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENGINES } from '../oma-shell/appliance.js';
import { TunnelSite, type SiteVma } from './tunnel-site.js';

/* The whole way of a VMA into the OMA's trust: API, tunnel server process, agent, each the real one. */

const WRONG = '2345-6789-ABCD';
const rejected = { code: 'enrolment.rejected' };

describe.each(ENGINES)('on %s', (engine) => {
  let site: TunnelSite;
  let vma: SiteVma;
  beforeAll(async () => {
    site = await TunnelSite.start({}, engine);
  });
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(async () => {
    vma = await site.startVma();
  });

  it('takes a code, a comparison and an approval; then the VMA dials in by itself', async () => {
    const { code, hostKeyFingerprint, tunnelPort } = await site.pairingCode('basement');
    expect(tunnelPort).toBe(site.port);
    const enrolled = await site.enrol(vma, code, hostKeyFingerprint);
    expect(enrolled.state).toBe('pending');
    expect(await site.vma(enrolled.vmaId)).toMatchObject({
      name: 'basement',
      state: 'pending',
      fingerprint: enrolled.fingerprint,
      connected: false,
    });
    expect(vma.running.state()).not.toHaveProperty('tunnel');

    const other = await site.decide('approve', enrolled.vmaId, hostKeyFingerprint);
    expect(other).toMatchObject({ status: 409, body: { code: 'request.conflict' } });
    const approved = await site.decide('approve', enrolled.vmaId, enrolled.fingerprint);
    expect(approved).toMatchObject({ status: 200, body: { state: 'approved' } });
    const connected = await site.connected(enrolled.vmaId);
    expect(connected.connectedSince).toBeDefined();
    expect(connected.agentPort).toBeGreaterThan(0);
  });

  it('is refused with a wrong code, a used one, an expired-by-tries one, and by a stranger', async () => {
    const { code, hostKeyFingerprint } = await site.pairingCode();
    await expect(site.enrol(vma, WRONG, hostKeyFingerprint)).rejects.toMatchObject(rejected);
    await site.enrol(vma, code, hostKeyFingerprint);
    // another key with the same code
    const other = await site.startVma();
    await expect(site.enrol(other, code, hostKeyFingerprint)).rejects.toMatchObject(rejected);
    // five wrong tries make the right one void
    const next = await site.pairingCode();
    for (let i = 0; i < 5; i += 1)
      await expect(site.enrol(other, WRONG, hostKeyFingerprint)).rejects.toMatchObject(rejected);
    await expect(site.enrol(other, next.code, hostKeyFingerprint)).rejects.toMatchObject(rejected);
    // a key that never asked is told nothing
    const { privateKey } = generateKeyPair();
    const dial = { host: '127.0.0.1', port: site.port, privateKey, hostKeyFingerprint };
    await expect(exchangeEnrolment(dial, statusMessage(), AbortSignal.timeout(10_000))).rejects.toMatchObject(
      rejected,
    );
  });

  it('is not begun with an OMA that shows another host key', async () => {
    const { code } = await site.pairingCode();
    const other = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    await expect(site.enrol(vma, code, other)).rejects.toMatchObject({ code: 'tunnel.host-key-changed' });
  });

  it('shows the same six words at both ends, which approve as well as the fingerprint', async () => {
    const { code, hostKeyFingerprint } = await site.pairingCode();
    const { vmaId, words } = await site.enrol(vma, code, hostKeyFingerprint);
    expect(words.split(' ')).toHaveLength(6);
    expect((await site.vma(vmaId)).words).toBe(words);
    const approve = (body: object) => site.appliance.call(`admin/vma/approve/${vmaId}`, { body });
    const others = words.split(' ').reverse().join(' ');
    expect(await approve({ words: others })).toMatchObject({ status: 409 });
    expect(await approve({})).toMatchObject({ status: 400 });
    expect(await approve({ words: words.toUpperCase() })).toMatchObject({ status: 200 });
    await site.connected(vmaId);
  });

  it('leaves a rejected VMA outside', async () => {
    const { code, hostKeyFingerprint } = await site.pairingCode();
    const { vmaId, fingerprint } = await site.enrol(vma, code, hostKeyFingerprint);
    expect(await site.decide('reject', vmaId)).toMatchObject({ status: 200, body: { state: 'rejected' } });
    expect(await site.decide('approve', vmaId, fingerprint)).toMatchObject({ status: 409 });
    expect((await site.vma(vmaId)).connected).toBe(false);
  });

  it('stands in the job log, without the code', async () => {
    const { code } = await site.pairingCode();
    const { body } = await site.appliance.call('jobs?limit=500');
    const { items } = JobPage.parse(body);
    const kinds = new Set(items.map(({ kind }) => kind));
    for (const kind of ['create-pairing-code', 'approve-vma', 'reject-vma']) expect(kinds).toContain(kind);
    expect(items.every(({ category }) => category === 'access')).toBe(true);
    expect(items.some(({ kind, state }) => kind === 'approve-vma' && state === 'failed')).toBe(true);
    expect(JSON.stringify(body)).not.toContain(code);
  });

  it('needs a token of the API, and ids that exist', async () => {
    for (const [method, path] of [
      ['GET', 'admin/vma'],
      ['POST', 'admin/vma/pairing-code'],
      ['DELETE', 'admin/vma/revoke/vma_01J00000000000000000000000'],
    ] as const)
      expect((await site.appliance.call(path, { method, token: null })).status).toBe(401);
    expect((await site.decide('revoke', 'vma_01J00000000000000000000000')).status).toBe(404);
    expect((await site.decide('revoke', 'x')).status).toBe(400);
    expect((await site.decide('approve', 'vma_01J00000000000000000000000')).status).toBe(400);
  });

  it('keeps its keys for itself', async () => {
    for (const name of ['tunnel-host-key', 'agent-token-key']) {
      const path = join(site.appliance.stateDir, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).toContain('PRIVATE KEY');
    }
    const pid = await site.serverPid();
    const shown = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    const secret = (await readFile(join(site.appliance.stateDir, 'tunnel-host-key'), 'utf8')).split('\n')[2];
    for (const text of shown) {
      expect(text).not.toContain('PRIVATE KEY');
      expect(text).not.toContain(secret);
    }
  });
});
