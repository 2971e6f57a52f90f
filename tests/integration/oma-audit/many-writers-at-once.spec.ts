import { AUDIT_GENESIS, verifyAudit } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditRefusals } from '../../../apps/oma/src/audit/audit-refusals.js';
import { actingAs } from '../../../apps/oma/src/http/request-context.js';
import { Setting } from '../../../apps/oma/src/database/setting.entity.js';
import { ENGINES } from '../oma-shell/appliance.js';
import { ChainBench } from './chain-bench.js';

const WRITERS = 40;
const check = { isSigned: () => false, anchors: [], isPart: false };

describe.each(ENGINES)('the audit log on %s', (engine) => {
  let bench: ChainBench;
  beforeAll(async () => {
    bench = await ChainBench.start(engine);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it('has no gap and no fork when many write at once and some roll back', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: WRITERS }, (_, number) =>
        bench.unitOfWork.run(async (manager) => {
          await manager.getRepository(Setting).insert({ name: `s${number}`, value: {} as never });
          await bench.trail.append(manager, {
            action: 'connection.change',
            subject: { type: 'connection', id: `con_${number}` },
            detail: { number },
          });
          if (number % 4 === 0) throw new Error('does not come about');
        }),
      ),
    );
    const written = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(written).toBe((WRITERS * 3) / 4);
    const rows = await bench.rows();
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(rows[0]?.previousHash).toBe(AUDIT_GENESIS);
    // one row for each change that came about, and none for the others
    const settings = await bench.database.getRepository(Setting).find();
    expect(rows.map(({ subjectId }) => subjectId.replace('con_', 's')).sort()).toEqual(
      settings.map(({ name }) => name).sort(),
    );
    const lines = rows.map((row) => JSON.stringify(row));
    expect(await verifyAudit(lines, check)).toMatchObject({ intact: true, rows: written });
  });

  it('tells who did it, from where and in which request, and keeps odd texts as they are', async () => {
    const name = `Zoë \u{1F600}${'x'.repeat(120)}`;
    await actingAs({ kind: 'session', name, id: 'usr_1' }, '::ffff:10.0.0.9', () =>
      bench.append({
        action: 'access.sign-in-failed',
        outcome: 'refused',
        subject: { type: 'user', id: 'a\u0000b\ud800' },
        detail: { password: 'hunter2', note: 'token=abcdefgh', größe: [1e21, -0, 0.1, null], half: '\ud800' },
      }),
    );
    await bench.append({ detail: { first: 1, long: 'y'.repeat(5_000) } });
    const rows = await bench.rows();
    expect(rows.at(-2)).toMatchObject({
      actorKind: 'session',
      actorId: 'usr_1',
      address: '10.0.0.9',
      outcome: 'refused',
      detail: { password: '[redacted]', note: 'token=[redacted]', größe: [1e21, 0, 0.1, null] },
    });
    expect(rows.at(-2)?.actorName).toMatch(/^Zoë \u{1F600}x+$/u);
    expect(rows.at(-1)).toMatchObject({ actorKind: 'appliance', detail: { first: 1, truncated: true } });
    expect(JSON.stringify(rows)).not.toContain('hunter2');
    const lines = rows.map((row) => JSON.stringify(row));
    expect(await verifyAudit(lines, check)).toMatchObject({ intact: true });
  });

  it('keeps the first of a flood of refusals, and how many more there were', async () => {
    const before = (await bench.rows()).length;
    const refusals = new AuditRefusals(bench.unitOfWork, bench.trail);
    const entry = { action: 'access.sign-in-failed', subject: { type: 'user', id: 'anna' } } as const;
    for (let second = 0; second < 100; second += 1) await refusals.write(entry, 1_000 + second);
    await refusals.write(entry, 62_000);
    const rows = (await bench.rows()).slice(before);
    expect(rows).toHaveLength(61);
    expect(rows.every(({ outcome }) => outcome === 'refused')).toBe(true);
    expect(rows.at(-1)?.detail).toEqual({ leftOutBefore: 40 });
  });
});
