import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { agentPaths, generateAgentKeyPair } from '@ossea/agent-protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StateFiles, type VmaConfigInput } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { CODE, VmaSite } from './vma-site.js';

/* How a VMA comes to be trusted, and what it does when it is not: against the real tunnel server. */

let site: VmaSite;
let config: VmaConfigInput;
beforeEach(async () => {
  site = await VmaSite.start();
  config = await site.config();
});
afterEach(() => site[Symbol.asyncDispose]());

const files = () => new StateFiles(config.stateDir);
const statuses = () => site.asked.filter(({ type }) => type === 'status').length;

it('sends the code, waits for the decision, and dials in when it is approved', async () => {
  const vma = await site.startVma(config);
  expect(vma.state()).toEqual({ state: 'not-enrolled' });
  const enrolled = await site.enrol(config);
  expect(enrolled).toMatchObject({ vmaId: 'vma_1', state: 'pending' });
  expect(site.asked[0]).toMatchObject({ type: 'enrol', code: CODE, name: 'a VMA', protocol: 1 });
  await until('it asks', () => statuses() > 1);
  expect(vma.state()).toEqual({ state: 'pending', vmaId: 'vma_1' });
  site.decide('approved');
  await until('it is connected', () => site.connected.has('vma_1'));
  await until('it says so', () => {
    const state = vma.state();
    return 'tunnel' in state && state.tunnel?.state === 'up';
  });
  expect(await files().enrolment()).toEqual({
    omaHost: '127.0.0.1',
    omaPort: site.port,
    hostKeyFingerprint: site.hostKeyFingerprint,
    vmaId: 'vma_1',
    state: 'approved',
    agentTokenKey: site.agentKeys.publicKey,
  });
  for (const name of ['enrolment.json', 'vma-key'])
    expect((await stat(join(config.stateDir, name))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(config.stateDir, 'enrolment.json'), 'utf8')).not.toContain(CODE);
  const asked = site.asked.length;
  expect((await site.api(vma, 'vma_1').call(agentPaths.info)).status).toBe(200);
  // whoever is trusted asks no more
  expect(site.asked.length).toBe(asked);
});

it('says nothing to an OMA with another host key, neither the code nor later anything else', async () => {
  await expect(site.enrol(config, { hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` })).rejects.toMatchObject({
    code: 'tunnel.host-key-changed',
  });
  expect(site.asked).toEqual([]);
  expect(await files().enrolment()).toBeUndefined();

  await site.enrol(config);
  const known = await files().enrolment();
  await files().saveEnrolment({ ...known!, hostKeyFingerprint: `SHA256:${'B'.repeat(43)}` });
  site.asked.length = 0;
  site.decide('approved');
  const vma = await site.startVma(config);
  await expect
    .poll(() => site.connected.has('vma_1') || site.asked.length > 0, { interval: 100, timeout: 2_000 })
    .toBe(false);
  expect(vma.state().state).toBe('pending');
});

it('is kept as it was by a code that is wrong', async () => {
  await expect(site.enrol(config, { code: 'WXWX-WXWX-WXWX' })).rejects.toMatchObject({
    code: 'enrolment.rejected',
  });
  expect(await files().enrolment()).toBeUndefined();
});

it('is not done twice by mistake; on purpose the same key asks again', async () => {
  const first = await site.enrol(config);
  site.decide('approved');
  const vma = await site.startVma(config);
  await until('it is connected', () => site.connected.has('vma_1'));
  await expect(site.enrol(config)).rejects.toMatchObject({ code: 'request.conflict' });
  const again = await site.enrol(config, { again: true });
  expect(again).toEqual({ ...first, state: 'approved' });
  await until('it is connected again', () => site.connected.has('vma_1'));
  expect(vma.state()).toMatchObject({ state: 'approved', vmaId: 'vma_1' });
});

it.each(['rejected', 'expired'] as const)('stays up and asks no more when it was %s', async (state) => {
  const vma = await site.startVma(config);
  await site.enrol(config);
  await until('it asks', () => statuses() > 0);
  site.decide(state);
  await until('it knows', () => vma.state().state === state);
  const asked = site.asked.length;
  expect((await site.api(vma, 'vma_1').call(agentPaths.health)).status).toBe(200);
  expect((await site.api(vma, 'vma_1').call(agentPaths.info)).status).toBe(401);
  expect(site.asked.length).toBe(asked);
  // the way back is another enrolment
  for (const known of site.decided.values()) known.state = 'pending';
  await site.enrol(config);
  site.decide('approved');
  await until('it is connected', () => site.connected.has('vma_1'));
});

it('learns that it was revoked, hangs up, and comes back with a new key only', async () => {
  const vma = await site.startVma(config);
  const { fingerprint } = await site.enrol(config);
  site.decide('approved');
  await until('it is connected', () => site.connected.has('vma_1'));
  site.decide('revoked');
  await until('it knows', () => vma.state().state === 'revoked', { timeoutMs: 60_000 });
  expect(vma.state()).not.toHaveProperty('tunnel');
  const anew = await site.enrol(config);
  expect(anew).toMatchObject({ vmaId: 'vma_2', state: 'pending' });
  expect(anew.fingerprint).not.toBe(fingerprint);
  site.decided.forEach((known) => (known.state = known.vmaId === 'vma_2' ? 'approved' : 'revoked'));
  await until('it is connected', () => site.connected.has('vma_2'));
});

it('is begun anew by a VMA that was away when it was revoked', async () => {
  await site.enrol(config);
  site.decide('approved');
  const vma = await site.startVma(config);
  await until('it is connected', () => site.connected.has('vma_1'));
  await vma[Symbol.asyncDispose]();
  site.decide('revoked');
  expect(await site.enrol(config, { again: true })).toMatchObject({ vmaId: 'vma_2' });
});

it('is remembered by the next life, and outlives an OMA that is away', async () => {
  await site.enrol(config);
  site.decide('approved');
  const first = await site.startVma(config);
  await until('it is connected', () => site.connected.has('vma_1'));
  await first[Symbol.asyncDispose]();
  await site.vanish();
  const second = await site.startVma(config);
  expect(second.state()).toMatchObject({ state: 'approved', vmaId: 'vma_1' });
  await until('it has tried', () => {
    const state = second.state();
    return 'tunnel' in state && state.tunnel?.error?.code === 'peer.unreachable';
  });
  await site.listen();
  await until('it is connected', () => site.connected.has('vma_1'));
});

it('lets the OMA be found at another address, by its host key', async () => {
  await site.enrol(config);
  site.decide('approved');
  await files().saveEnrolment({ ...(await files().enrolment())!, omaHost: 'moved.invalid', omaPort: 1 });
  await site.startVma(config);
  await until('it is connected', () => site.connected.has('vma_1'));
});

it('trusts tokens of the OMA it is enrolled with, of no other', async () => {
  const { api } = await site.connectedVma();
  expect((await api.call(agentPaths.info)).status).toBe(200);
  site.agentKeys = generateAgentKeyPair();
  const vma = await site.startVma(await site.config());
  expect((await site.api(vma, 'vma_1').call(agentPaths.info)).status).toBe(401);
});
