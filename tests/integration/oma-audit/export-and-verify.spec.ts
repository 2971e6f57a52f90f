import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditHead, AuditPage, type AuditEvent } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { runOssea } from './run-ossea.js';

describe.each(ENGINES)('the audit log of an appliance on %s', (engine) => {
  let oma: Appliance;
  let directory = '';
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
    directory = await mkdtemp(join(tmpdir(), 'exp-'));
    for (const name of ['one', 'two', 'three']) await oma.call('admin/vma/pairing-code', { body: { name } });
    await oma.call('access/sign-in', { body: { password: 'the wrong password' } });
  });
  afterAll(async () => {
    await oma[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const at = (name: string) => join(directory, name);
  const anchorFile = () => join(oma.stateDir, 'audit-anchors.jsonl');
  const ossea = (...args: string[]) => runOssea(args, { server: oma.url, token: oma.token ?? '' });
  const verified = (...more: string[]) =>
    ossea(
      'audit',
      'verify',
      '--file',
      at('audit.jsonl'),
      '--anchors',
      anchorFile(),
      '--public-key',
      at('key.pem'),
      ...more,
    );
  const list = async (query: string) => AuditPage.parse((await oma.call(`audit?${query}`)).body);

  it('tells who did what, filtered, in pages, newest first', async () => {
    const codes = await list('action=vma.pairing-code');
    expect(codes.items.map(({ detail }) => detail?.['vmaName'])).toEqual(['three', 'two', 'one']);
    expect(codes.items[0]).toMatchObject({
      actorName: 'admin/tests',
      address: expect.stringMatching(/127\.0\.0\.1|::1/),
      correlationId: expect.stringMatching(/^req_/),
      outcome: 'done',
    });
    const first = await list('action=vma.pairing-code&limit=2');
    const second = await list(`action=vma.pairing-code&limit=2&cursor=${first.page.next}`);
    expect([...first.items, ...second.items]).toEqual(codes.items);
    expect(second.page).toEqual({});
    expect(await list(`subject=${codes.items[1]?.subjectId}`)).toMatchObject({ items: [codes.items[1]] });
    expect((await list('action=access.sign-in-failed')).items).toMatchObject([{ outcome: 'refused' }]);
    expect((await list('actor=nobody')).items).toEqual([]);
    const { at: moment } = codes.items[0]!;
    expect((await list(`to=${moment}`)).items.every((row) => row.at < moment)).toBe(true);
    expect((await list(`from=${moment}`)).items.every((row) => row.at >= moment)).toBe(true);
    expect((await list(`from=${moment}`)).items.length).toBeGreaterThan(0);
  });

  it('is intact from one life to the next, and an export is verified without the appliance', async () => {
    const before = await list('limit=500');
    await oma.restart();
    const anchors = (await readFile(anchorFile(), 'utf8')).trimEnd().split('\n');
    // the end of the former life was anchored
    expect(JSON.parse(anchors.at(-1) ?? '')).toMatchObject({
      seq: before.items[0]?.seq,
      hash: before.items[0]?.hash,
    });
    await oma.call('admin/vma/pairing-code', { body: {} });
    await oma.restart();

    expect((await ossea('audit', 'export', '--file', at('audit.jsonl'))).code).toBe(0);
    const { out: pem } = await ossea('audit', 'key');
    await writeFile(at('key.pem'), pem);
    expect(AuditHead.parse((await oma.call('audit/head')).body).publicKey.trim()).toBe(pem.trim());
    expect(await verified()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Intact: \d+ rows, 2 of them/),
    });

    const lines = (await readFile(at('audit.jsonl'), 'utf8')).trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as AuditEvent);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(rows.slice(0, before.items.length)).toEqual([...before.items].reverse());

    await writeFile(
      at('audit.jsonl'),
      lines[2]!.replace('administrator', 'somebody') + '\n' + lines.slice(3).join('\n'),
    );
    expect(await verified()).toMatchObject({ code: 1, err: expect.stringContaining('BROKEN at row 1') });
    await writeFile(at('audit.jsonl'), lines.slice(0, -1).join('\n'));
    expect(await verified()).toMatchObject({
      code: 1,
      err: expect.stringContaining(`BROKEN at row ${rows.length}: The end is missing`),
    });
  });

  it('exports a part that is verified as a part', async () => {
    const [, , third, fourth] = (await list('limit=500')).items.reverse();
    const period = ['--from', third!.at, '--to', new Date(Date.parse(fourth!.at) + 1).toISOString()];
    const { code, out } = await ossea('audit', 'export', ...period);
    expect(code).toBe(0);
    expect(out).toContain(third!.id);
    await writeFile(at('audit.jsonl'), out);
    expect(await verified('--part')).toMatchObject({ code: 0 });
    expect(await verified()).toMatchObject({ code: 1 });
  });
});
