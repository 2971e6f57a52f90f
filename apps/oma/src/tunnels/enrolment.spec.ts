import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAIRING_ALPHABET, enrolMessage, statusMessage } from '@ossea/agent-protocol';
import { fingerprint, generateKeyPair, type EnrolPeer } from '@ossea/tunnel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DataSource } from 'typeorm';
import { AuditRefusals } from '../audit/audit-refusals.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { AuditedWork } from '../audit/audited-work.js';
import { parseConfig } from '../config/load-config.js';
import { openDatabase } from '../database/data-source.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { OutboxEvent } from '../progress/outbox-event.entity.js';
import { Outbox } from '../progress/outbox.js';
import { EnrolmentDesk, REQUEST_MS } from './enrolment-desk.js';
import { EnrolmentLimits } from './enrolment-limits.js';
import { PairingCode } from './pairing-code.entity.js';
import { PAIRING_CODE_MS, PairingCodes } from './pairing-codes.js';
import type { TunnelsSettings } from './tunnels-ports.js';
import { VmaKeys } from './vma-keys.js';
import { VmaNumbers } from './vma-numbers.js';
import { VmaDecisions } from './vma-decisions.js';
import { Vma } from './vma.entity.js';

// every guess costs some milliseconds of work on purpose, many on a busy machine
vi.setConfig({ testTimeout: 60_000 });
const TOKEN_KEY = 'the public half';
let directory: string;
let database: DataSource;
let codes: PairingCodes;
let desk: EnrolmentDesk;
let decisions: VmaDecisions;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ossea-enrol-'));
  database = await openDatabase(parseConfig({ stateDir: directory }));
  const unitOfWork = new UnitOfWork(database);
  const [outbox, audit] = [new Outbox(database), new AuditTrail()];
  const settings: TunnelsSettings = {
    host: '127.0.0.1',
    port: 0,
    firstAgentPort: 9081,
    transport: 'ssh2',
    firstNbdPort: 30_000,
    opensshDir: directory,
    probeSeconds: 60,
    copyProbeSeconds: 15,
    keyDays: 90,
    rotateKeyDays: 30,
    enrolmentsPerMinute: 1_000,
    enrolmentsInAllPerMinute: 1_000,
    stateDir: directory,
    runDir: directory,
  };
  const numbers = new VmaNumbers(unitOfWork, settings);
  const keys = new VmaKeys(database, unitOfWork, audit, settings);
  codes = new PairingCodes(database, unitOfWork, audit, new EnrolmentLimits(settings));
  const work = new AuditedWork(unitOfWork, audit, new AuditRefusals(unitOfWork, audit));
  desk = new EnrolmentDesk(database, work, codes, outbox, numbers, keys);
  decisions = new VmaDecisions(unitOfWork, outbox, numbers, audit, keys);
});
afterEach(async () => {
  await database.destroy();
  await rm(directory, { recursive: true, force: true });
});

function newPeer(): EnrolPeer {
  const { publicKey } = generateKeyPair();
  return { publicKey, fingerprint: fingerprint(publicKey), address: '127.0.0.1' };
}

const enrol = (code: string, peer = newPeer(), name = 'site-a') =>
  desk.answer(enrolMessage(code, name, '0.1.0'), peer, TOKEN_KEY);
const status = (peer: EnrolPeer) => desk.answer(statusMessage(), peer, TOKEN_KEY);
const rejected = { code: 'enrolment.rejected' };
// never issued
const WRONG = `${PAIRING_ALPHABET.slice(0, 4)}-${PAIRING_ALPHABET.slice(4, 8)}-${PAIRING_ALPHABET.slice(8, 12)}`;

const facts = async () =>
  (await database.getRepository(OutboxEvent).find({ order: { seq: 'ASC' } })).map(({ type }) => type);

describe('a pairing code', () => {
  it('has 59 random bits, lives ten minutes and is stored as a hash only', async () => {
    const before = Date.now();
    const { code, expiresAt } = await codes.create();
    expect(code).toMatch(new RegExp(`^([${PAIRING_ALPHABET}]{4}-){2}[${PAIRING_ALPHABET}]{4}$`));
    expect(expiresAt.getTime() - before).toBeLessThanOrEqual(PAIRING_CODE_MS + 1_000);
    const row = await database.getRepository(PairingCode).findOneByOrFail({});
    expect(JSON.stringify(row)).not.toContain(code);
    expect(JSON.stringify(row)).not.toContain(code.replaceAll('-', ''));
  });

  it('puts a VMA on the list, once; typed in small letters and with blanks around it', async () => {
    const { code } = await codes.create();
    const peer = newPeer();
    const answer = await enrol(` ${code.toLowerCase().replaceAll('-', ' ')} `, peer);
    expect(answer).toMatchObject({ state: 'pending', vmaId: expect.stringMatching(/^vma_/) });
    expect(answer.agentTokenKey).toBeUndefined();
    expect(await facts()).toEqual(['vma.enrolment-requested']);
    const row = await database.getRepository(Vma).findOneByOrFail({ id: answer.vmaId });
    expect(row).toMatchObject({ fingerprint: peer.fingerprint, publicKey: peer.publicKey, name: 'site-a' });
  });

  it('is refused when it is wrong, and when it is no code at all', async () => {
    await codes.create();
    await expect(enrol(WRONG)).rejects.toMatchObject(rejected);
    for (const odd of ['', 'x', `${WRONG}-2345`, 'ABCD–EFGH–JKLM', "' OR 1=1 --"])
      await expect(enrol(odd)).rejects.toMatchObject(rejected);
    expect(await database.getRepository(Vma).count()).toBe(0);
  });

  it('is refused when it has expired', async () => {
    const { id, code } = await codes.create();
    await database.getRepository(PairingCode).update({ id }, { expiresAt: new Date(Date.now() - 1) });
    await expect(enrol(code)).rejects.toMatchObject(rejected);
  });

  it('is refused when another key has used it', async () => {
    const { code } = await codes.create();
    await enrol(code);
    await expect(enrol(code)).rejects.toMatchObject(rejected);
    expect(await database.getRepository(Vma).count()).toBe(1);
  });

  it('is void at the sixth try, even if that one is right', async () => {
    const { code } = await codes.create();
    for (let i = 0; i < 5; i += 1) await expect(enrol(WRONG)).rejects.toMatchObject(rejected);
    await expect(enrol(code)).rejects.toMatchObject(rejected);
  });

  it('is good at the fifth try', async () => {
    const { code } = await codes.create();
    for (let i = 0; i < 4; i += 1) await expect(enrol(WRONG)).rejects.toMatchObject(rejected);
    expect(await enrol(code)).toMatchObject({ state: 'pending' });
  });

  it('lets one of a hundred in that use it at once', async () => {
    const { code } = await codes.create();
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => enrol(code)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await database.getRepository(Vma).count()).toBe(1);
  });

  it('does not give more than five tries to many guesses at once', async () => {
    const { code } = await codes.create();
    const guesses = Array.from({ length: 20 }, () => enrol(WRONG));
    await Promise.allSettled(guesses);
    expect((await database.getRepository(PairingCode).findOneByOrFail({})).tries).toBe(5);
    await expect(enrol(code)).rejects.toMatchObject(rejected);
  });

  it('names the VMA where the administrator did', async () => {
    const { code } = await codes.create('basement');
    const { vmaId } = await enrol(code);
    expect((await database.getRepository(Vma).findOneByOrFail({ id: vmaId })).name).toBe('basement');
  });
});

describe('a VMA that asks', () => {
  it('is told the same when it asks again, and needs no second code', async () => {
    const peer = newPeer();
    const { code } = await codes.create();
    const first = await enrol(code, peer);
    expect(await enrol(code, peer)).toEqual(first);
    expect(await enrol(WRONG, peer)).toEqual(first);
    expect(await status(peer)).toEqual(first);
    expect(await facts()).toEqual(['vma.enrolment-requested']);
  });

  it('gets the key of agent tokens with its approval, not before', async () => {
    const peer = newPeer();
    const { vmaId } = await enrol((await codes.create()).code, peer);
    await decisions.approve(vmaId, peer.fingerprint, 'c');
    expect(await status(peer)).toMatchObject({ state: 'approved', agentTokenKey: TOKEN_KEY });
  });

  it('is rejected where its key never asked', async () => {
    await expect(status(newPeer())).rejects.toMatchObject(rejected);
  });

  it('expires when nobody decides for a day, and may ask again with a new code', async () => {
    const peer = newPeer();
    const { vmaId } = await enrol((await codes.create()).code, peer);
    const vmas = database.getRepository(Vma);
    await vmas.update({ id: vmaId }, { requestedAt: new Date(Date.now() - REQUEST_MS - 1) });
    expect(await status(peer)).toMatchObject({ state: 'expired' });
    await expect(decisions.approve(vmaId, peer.fingerprint, 'c')).rejects.toMatchObject({
      code: 'request.conflict',
    });
    await expect(enrol(WRONG, peer)).rejects.toMatchObject(rejected);
    expect(await enrol((await codes.create()).code, peer)).toMatchObject({ vmaId, state: 'pending' });
  });

  it('stays out for good once it was revoked, whatever code it brings', async () => {
    const peer = newPeer();
    const { vmaId } = await enrol((await codes.create()).code, peer);
    await decisions.approve(vmaId, peer.fingerprint, 'c');
    await decisions.revoke(vmaId, 'c');
    const { code } = await codes.create();
    await expect(enrol(code, peer)).rejects.toMatchObject(rejected);
    expect(await status(peer)).toMatchObject({ state: 'revoked' });
    // and the code is still good for somebody else
    expect(await enrol(code)).toMatchObject({ state: 'pending' });
  });

  it('of another protocol is told so', async () => {
    const body = { ...enrolMessage(WRONG, 'a', '9'), protocol: 2, somethingNew: true };
    await expect(desk.answer(body, newPeer(), TOKEN_KEY)).rejects.toMatchObject({
      code: 'agent.version',
      context: { ours: 1, theirs: 2 },
    });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['another message', { type: 'approve', protocol: 1 }],
    ['a name with a NUL', enrolMessage(WRONG, 'a\0b', '1')],
    ['a name of a megabyte', enrolMessage(WRONG, 'a'.repeat(1 << 20), '1')],
    ['more than the message', { ...statusMessage(), publicKey: 'ssh-ed25519 AAAA' }],
  ])('is refused with %s', async (_what, body) => {
    await expect(desk.answer(body, newPeer(), TOKEN_KEY)).rejects.toMatchObject({ code: 'request.invalid' });
  });

  it('learns nothing about what went wrong inside', async () => {
    await database.destroy();
    const error = await status(newPeer()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'internal.unexpected',
      message: 'The request could not be answered.',
    });
    await database.initialize();
  });
});

describe('a decision', () => {
  async function pending() {
    const peer = newPeer();
    const { vmaId } = await enrol((await codes.create()).code, peer);
    return { peer, vmaId };
  }

  it('to approve needs the very fingerprint', async () => {
    const { vmaId, peer } = await pending();
    for (const other of [
      newPeer().fingerprint,
      '',
      peer.fingerprint.slice(0, -1),
      peer.fingerprint.toLowerCase(),
    ])
      await expect(decisions.approve(vmaId, other, 'c')).rejects.toMatchObject({ code: 'request.conflict' });
    expect(await decisions.approve(vmaId, peer.fingerprint, 'c')).toMatchObject({ state: 'approved' });
  });

  it('gives every VMA a port of its own, the same for as long as it is approved', async () => {
    const all = [await pending(), await pending(), await pending()];
    const ports = await Promise.all(
      all.map(async ({ vmaId, peer }) => (await decisions.approve(vmaId, peer.fingerprint, 'c')).agentPort),
    );
    expect([...ports].sort()).toEqual([9081, 9082, 9083]);
    await decisions.revoke(all[1]!.vmaId, 'c');
    const next = await pending();
    expect((await decisions.approve(next.vmaId, next.peer.fingerprint, 'c')).agentPort).toBe(ports[1]);
  });

  it('counts once, and leaves its fact once', async () => {
    const { vmaId, peer } = await pending();
    await decisions.approve(vmaId, peer.fingerprint, 'c');
    await decisions.approve(vmaId, peer.fingerprint, 'c');
    await decisions.revoke(vmaId, 'c');
    await decisions.revoke(vmaId, 'c');
    expect(await facts()).toEqual(['vma.enrolment-requested', 'vma.approved', 'vma.revoked']);
  });

  it('is refused where the state does not allow it', async () => {
    const { vmaId, peer } = await pending();
    const conflict = { code: 'request.conflict' };
    await expect(decisions.revoke(vmaId, 'c')).rejects.toMatchObject(conflict);
    await decisions.approve(vmaId, peer.fingerprint, 'c');
    await expect(decisions.reject(vmaId, 'c')).rejects.toMatchObject(conflict);
    await decisions.revoke(vmaId, 'c');
    await expect(decisions.approve(vmaId, peer.fingerprint, 'c')).rejects.toMatchObject(conflict);
    await expect(decisions.reject('vma_none', 'c')).rejects.toMatchObject({ code: 'request.not-found' });
  });

  it('a rejected VMA may ask again with a new code', async () => {
    const { vmaId, peer } = await pending();
    await decisions.reject(vmaId, 'c');
    expect(await status(peer)).toMatchObject({ state: 'rejected' });
    expect(await enrol((await codes.create()).code, peer)).toMatchObject({ vmaId, state: 'pending' });
  });
});
