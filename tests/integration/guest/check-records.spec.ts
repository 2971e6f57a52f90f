import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecords, readGuestConsole } from '../../stack/guest/index.js';
import { RECORD_BYTES, SLOTS, slotOf } from '../../stack/guest/layout.js';
import { fabricateDisks, offsetOf, recordPage } from './fabricate.js';

const upTo = (last: number, from = 1): number[] =>
  Array.from({ length: last - from + 1 }, (_, i) => from + i);

describe('the checker of the guest’s records', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'records-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function overwrite(path: string, offset: number, bytes: Buffer): Promise<void> {
    const file = await open(path, 'r+');
    await file.write(bytes, 0, bytes.length, offset);
    await file.close();
  }

  it('places neighbours apart and every record of a round in a slot of its own', () => {
    const slots = new Set(
      upTo(2 * SLOTS)
        .filter((k) => k % 2 === 0)
        .map(slotOf),
    );
    expect(slots.size).toBe(SLOTS);
    expect(Math.abs(slotOf(2) - slotOf(4))).toBeGreaterThan(100);
  });

  it('finds nothing on empty disks', async () => {
    const disks = await fabricateDisks(directory, []);
    expect(await checkRecords(disks)).toMatchObject({ last: 0, torn: 0, missing: 0 });
  });

  it('accepts a first round, and reads open files without closing them', async () => {
    const disks = await fabricateDisks(directory, upTo(1001));
    const vda = await open(disks.vdaRaw);
    const vdb = await open(disks.vdbRaw);
    for (let round = 0; round < 2; round += 1)
      expect(await checkRecords({ vdaRaw: vda, vdbRaw: vdb })).toMatchObject({
        last: 1001,
        torn: 0,
        missing: 0,
      });
    await vda.close();
    await vdb.close();
  });

  it('accepts a ring that has gone round, and wants all of it', async () => {
    const last = 2 * SLOTS + 7;
    const disks = await fabricateDisks(directory, upTo(last, 8));
    expect(await checkRecords(disks)).toMatchObject({ last, torn: 0, missing: 0 });
    await overwrite(disks.vdaRaw, offsetOf(100), recordPage(100 + 2 * SLOTS));
    expect((await checkRecords(disks)).missing).toBeGreaterThan(0);
  });

  it('sees one disk that is older than the other', async () => {
    const disks = await fabricateDisks(directory, [...upTo(500), 502, 504, 506]);
    expect(await checkRecords(disks)).toMatchObject({
      last: 506,
      missing: 3,
      missingRecords: [501, 503, 505],
    });
  });

  it('sees a record that lost its second half', async () => {
    const disks = await fabricateDisks(directory, upTo(500));
    await overwrite(disks.vdaRaw, offsetOf(300) + RECORD_BYTES / 2, Buffer.alloc(RECORD_BYTES / 2));
    expect(await checkRecords(disks)).toMatchObject({ last: 500, torn: 1, missing: 1 });
  });

  it('sees a whole record in the slot of another and on the wrong disk', async () => {
    const disks = await fabricateDisks(directory, upTo(500));
    await overwrite(disks.vdaRaw, offsetOf(300), recordPage(302));
    await overwrite(disks.vdbRaw, offsetOf(301), recordPage(300));
    expect(await checkRecords(disks)).toMatchObject({ torn: 2, missingRecords: [300, 301] });
  });

  it('takes a zeroed slot for damage: the builder leaves none', async () => {
    const disks = await fabricateDisks(directory, upTo(500));
    await overwrite(disks.vdaRaw, offsetOf(2000), Buffer.alloc(RECORD_BYTES));
    expect(await checkRecords(disks)).toMatchObject({ last: 500, torn: 1, missing: 0 });
  });

  it('refuses an image that ends inside its ring', async () => {
    const disks = await fabricateDisks(directory, upTo(10));
    await writeFile(disks.vdbRaw, Buffer.alloc(RECORD_BYTES));
    await expect(checkRecords(disks)).rejects.toThrow(/ends inside/);
  });
});

describe('the guest’s console', () => {
  it('tells the latest boot from those before it and ignores half a line', () => {
    const first =
      'ossea-boot\r\nossea-found last=0 complete=yes torn=0 missing=0\r\nossea-record acked=900\r\n';
    expect(readGuestConsole(`${first}ossea-record acked=12`)).toMatchObject({ boots: 1, acked: 900 });
    const second = `${first}ossea-boot\r\nossea-found last=905 complete=no torn=1 missing=0\r\n`;
    expect(readGuestConsole(second)).toEqual({
      boots: 2,
      found: { last: 905, complete: false },
      acked: undefined,
      finalAcked: undefined,
      failure: undefined,
    });
    expect(readGuestConsole(`${second}ossea-final acked=950\r\n`)).toMatchObject({
      acked: 950,
      finalAcked: 950,
    });
    expect(readGuestConsole('ossea-boot\r\nossea-fail disk=1 is not there\r\n').failure).toBe(
      'disk=1 is not there',
    );
  });
});
