import { createPublicKey, verify } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AUDIT_GENESIS,
  auditHash,
  verifyAudit,
  type AuditAnchor,
  type AuditEvent,
} from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditEventRow } from '../../../apps/oma/src/audit/audit.entities.js';
import { AuditKey } from '../../../apps/oma/src/audit/audit-key.js';
import { actingAs } from '../../../apps/oma/src/http/request-context.js';
import { ENGINES } from '../oma-shell/appliance.js';
import { ChainBench } from './chain-bench.js';

const ROWS = 8;
/** The head was taken after these rows. */
const ANCHORED = [3, 6, 8];

/** What somebody with the database's password may put in each column. */
const EDITS: Readonly<Record<keyof AuditEventRow, unknown>> = {
  seq: 1_000_000,
  id: 'aud_00000000000000000000000000',
  at: new Date('2020-01-01T00:00:00.000Z'),
  actorKind: 'token',
  actorName: 'somebody else',
  actorId: null,
  address: null,
  action: 'vma.revoke',
  subjectType: 'vma',
  subjectId: 'vma_2',
  detail: { note: 'another' },
  correlationId: null,
  outcome: 'refused',
  previousHash: 'f'.repeat(64),
  hash: 'e'.repeat(64),
};

describe.each(ENGINES)('an audit log on %s', (engine) => {
  let bench: ChainBench;
  let directory = '';
  let key: AuditKey;
  let written: AuditEvent[];
  let anchors: string[];
  beforeAll(async () => {
    bench = await ChainBench.start(engine);
    directory = await mkdtemp(join(tmpdir(), 'key-'));
    key = await AuditKey.load(directory);
    for (let number = 1; number <= ROWS; number += 1)
      await actingAs({ kind: 'session', name: 'anna', id: 'usr_1' }, '10.0.0.1', () =>
        bench.append({
          subject: { type: 'connection', id: `con_${number}` },
          detail: { note: `n${number}` },
        }),
      );
    written = await bench.rows();
    anchors = ANCHORED.map((seq) => JSON.stringify(anchorOf(written[seq - 1]!)));
  });
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const anchorOf = ({ seq, hash }: AuditEvent): AuditAnchor =>
    key.signed({ seq, hash, at: '2026-01-02T03:04:05.678Z', applianceId: 'oma_1' });
  const check = (rows: readonly AuditEvent[], more: { isPart?: boolean; anchors?: readonly string[] } = {}) =>
    verifyAudit(
      rows.map((row) => JSON.stringify(row)),
      {
        isPart: false,
        anchors,
        isSigned: (text, signature) =>
          verify(null, Buffer.from(text), createPublicKey(key.publicKey), Buffer.from(signature, 'base64')),
        ...more,
      },
    );
  const table = () => bench.database.getRepository(AuditEventRow);

  it('is intact as it was written, whole and in part', async () => {
    expect(await check(written)).toEqual({ intact: true, rows: ROWS, anchors: 3, notes: [] });
    expect(await check(written.slice(3, 6), { isPart: true })).toMatchObject({ intact: true, rows: 3 });
  });

  it.each(Object.keys(EDITS) as (keyof AuditEventRow)[])(
    'shows each row whose %s was edited in the database',
    async (column) => {
      for (let seq = 1; seq <= ROWS; seq += 1) {
        const before = await table().findOneByOrFail({ seq });
        const value = EDITS[column];
        await table().update({ seq }, { [column]: value === null ? () => 'NULL' : value });
        expect([seq, await check(await bench.rows())]).toMatchObject([seq, { intact: false, row: seq }]);
        await table().delete({ seq: column === 'seq' ? (EDITS.seq as number) : seq });
        await table().insert(before as never);
      }
      expect(await bench.rows()).toEqual(written);
    },
  );

  it('shows each row that was deleted, each pair that changed places, and each row that was put in', async () => {
    for (let index = 0; index < ROWS; index += 1) {
      const row = index + 1;
      expect(await check(written.filter((_, at) => at !== index))).toMatchObject({ intact: false, row });
      const swapped = [...written];
      [swapped[index], swapped[index + 1]] = [swapped[index + 1]!, swapped[index]!];
      if (index + 1 < ROWS) expect(await check(swapped)).toMatchObject({ intact: false, row });
      // numbers changed places too, so that they still count up
      const renamed = swapped.map((one, at) => ({ ...one, seq: at + 1 }));
      if (index + 1 < ROWS) expect(await check(renamed)).toMatchObject({ intact: false, row });
      const doubled = [...written.slice(0, row), written[index]!, ...written.slice(row)];
      expect(await check(doubled)).toMatchObject({ intact: false, row: row + 1 });
    }
  });

  it('shows an end that was cut off, by the anchors', async () => {
    for (let kept = 0; kept < ROWS; kept += 1)
      expect(await check(written.slice(0, kept))).toMatchObject({
        intact: false,
        row: kept + 1,
        why: expect.stringContaining('The end is missing'),
      });
  });

  it('shows a chain that was written anew with right hashes, by the anchors', async () => {
    for (let changed = 1; changed <= ROWS; changed += 1) {
      const forged: AuditEvent[] = [];
      for (const row of written) {
        const previousHash = forged.at(-1)?.hash ?? AUDIT_GENESIS;
        const next = { ...row, previousHash, ...(row.seq === changed ? { actorName: 'nobody' } : {}) };
        forged.push({ ...next, hash: await auditHash(next) });
      }
      const row = ANCHORED.find((seq) => seq >= changed);
      expect(await check(forged)).toMatchObject({
        intact: false,
        row,
        why: expect.stringContaining('written anew'),
      });
      // without anchors nothing contradicts it: that is what they are for
      expect(await check(forged, { anchors: [] })).toMatchObject({ intact: true, anchors: 0 });
    }
  });

  it('shows anchors that another key has signed, and those that contradict each other', async () => {
    const forged = { ...anchorOf(written[5]!), hash: 'a'.repeat(64) };
    expect(await check(written, { anchors: [...anchors, JSON.stringify(forged)] })).toMatchObject({
      intact: false,
      why: expect.stringContaining('not signed'),
    });
    const other = anchorOf({ ...written[5]!, hash: 'b'.repeat(64) });
    expect(await check(written, { anchors: [...anchors, JSON.stringify(other)] })).toMatchObject({
      intact: false,
      why: expect.stringContaining('different rows'),
    });
    // half a line, as a power cut leaves it
    expect(await check(written, { anchors: [...anchors, '{"seq":'] })).toMatchObject({
      intact: true,
      notes: [expect.stringContaining('Line 4')],
    });
  });
});
