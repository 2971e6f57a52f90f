import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import {
  MIB,
  removeSnapshot,
  snapshotDisks,
  SoapSession,
  takeSnapshot,
  VM,
  type SnapshotDisk,
} from './soap-session.js';

const BLOCK = 64 << 10;
// no multiple of the granularity: the last area is cut off
const SIZE = 16 * MIB + 512;

let vcsim: Vcsim;
let session: SoapSession;
let moref = '';
let key = 0;
beforeAll(async () => {
  vcsim = await Vcsim.start({ maxAreas: 7 });
  session = await SoapSession.login(vcsim);
  moref = await vcsim.moref(VM);
  ({ key } = await vcsim.addDisk(VM, { sizeBytes: SIZE }));
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const enable = (on: boolean) =>
  session.task(
    'ReconfigVM_Task',
    `VirtualMachine:${moref}`,
    `<spec><changeTrackingEnabled>${on}</changeTrackingEnabled></spec>`,
  );

const query = (snapshot: string, startOffset: number, changeId: string, disk = key) =>
  session.call(
    'QueryChangedDiskAreas',
    `VirtualMachine:${moref}`,
    `<snapshot type="VirtualMachineSnapshot">${snapshot}</snapshot><deviceKey>${disk}</deviceKey>` +
      `<startOffset>${startOffset}</startOffset><changeId>${changeId}</changeId>`,
  );

async function frozen(disk: SnapshotDisk): Promise<Buffer> {
  const path = disk.fileName.replace(/^\[LocalDS_0\] /, '').replace(/\.vmdk$/, '-flat.vmdk');
  return readFile(join(await vcsim.datastoreDir(), path));
}

/** All areas, over as many answers as it takes. */
async function areas(snapshot: string, changeId: string) {
  const all: { start: number; length: number }[] = [];
  let pages = 0;
  for (let offset = 0; offset < SIZE; pages++) {
    const xml = await query(snapshot, offset, changeId);
    const found = [...xml.matchAll(/<start>(\d+)<\/start><length>(\d+)<\/length>/g)];
    expect(found.length).toBeLessThanOrEqual(7);
    all.push(...found.map((match) => ({ start: Number(match[1]), length: Number(match[2]) })));
    const [, start, length] = /<startOffset>(\d+)<\/startOffset><length>(\d+)</.exec(xml)!;
    expect(Number(start)).toBe(offset);
    offset += Number(length);
  }
  return { all, pages };
}

async function withSnapshot(use: (snapshot: string, disk: SnapshotDisk) => Promise<void>) {
  const snapshot = await takeSnapshot(session, moref);
  try {
    const disk = (await snapshotDisks(session, snapshot)).find((one) => one.key === key)!;
    await use(snapshot, disk);
  } finally {
    await removeSnapshot(session, snapshot);
  }
}

async function scribble(pass: number): Promise<void> {
  for (let n = 0; n < 20; n++) {
    const offset = (((n * 7919 + pass * 104_729) * 4099) % (SIZE - 5000)) + 1;
    await vcsim.guestWrite(VM, key, offset, Buffer.alloc(4096, pass * 20 + n + 1));
  }
}

const expectFault = (call: Promise<unknown>, fault: string) => expect(call).rejects.toMatchObject({ fault });

describe('changed block tracking', () => {
  it('takes effect on a running machine with the next stun only', async () => {
    await scribble(0);
    await enable(true);
    expect(await session.properties('VirtualMachine', moref, ['config.changeTrackingEnabled'])).toContain(
      '>true<',
    );
    await withSnapshot(async (_, disk) => expect(disk.changeId).toBe(''));
    await withSnapshot(async (_, disk) =>
      expect(disk.changeId).toMatch(/^([0-9a-f]{2} ){7}[0-9a-f]{2}-([0-9a-f]{2} ){7}[0-9a-f]{2}\/1$/),
    );
  });

  it('tells what differs, as a comparison of the bytes does', async () => {
    let last = '';
    let target: Buffer = Buffer.alloc(0);
    await withSnapshot(async (_, disk) => {
      target = await frozen(disk);
      last = disk.changeId;
    });
    for (let pass = 1; pass <= 3; pass++) {
      await scribble(pass);
      await withSnapshot(async (snapshot, disk) => {
        await scribble(pass + 10); // after the snapshot: none of its business
        const source = await frozen(disk);
        const { all, pages } = await areas(snapshot, last);
        expect(pages).toBeGreaterThan(1);
        for (const { start, length } of all) {
          expect(start % BLOCK).toBe(0);
          expect(start + length).toBeLessThanOrEqual(SIZE);
          source.copy(target, start, start, start + length);
        }
        expect(target.equals(source)).toBe(true);
        last = disk.changeId;
      });
    }
  });

  it('gives what is allocated for "*"', async () => {
    await withSnapshot(async (snapshot, disk) => {
      const { all } = await areas(snapshot, '*');
      const target = Buffer.alloc(SIZE);
      const source = await frozen(disk);
      for (const { start, length } of all) source.copy(target, start, start, start + length);
      expect(target.equals(source)).toBe(true);
      expect(all.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(SIZE);
    });
  });

  it('refuses what it cannot answer, as a host does', async () => {
    await withSnapshot(async (snapshot, disk) => {
      await expectFault(query(snapshot, SIZE, disk.changeId), 'InvalidArgument');
      await expectFault(query(snapshot, 0, disk.changeId, 4), 'InvalidArgument');
      await expectFault(query(snapshot, 0, ''), 'FileFault');
      await expectFault(query(snapshot, 0, disk.changeId.replace(/^../, 'zz')), 'FileFault');
      const earlier = disk.changeId;
      await vcsim.resetTracking(VM);
      await expectFault(query(snapshot, 0, earlier), 'FileFault');
    });
    await enable(false);
    await withSnapshot(async (_, disk) => expect(disk.changeId).toBe(''));
  });

  it('is not there below hardware version 7', async () => {
    const path = ['capability.changeTrackingSupported'];
    expect(await session.properties('VirtualMachine', moref, path)).toContain('>true<');
    await vcsim.mergeVm(VM, { config: { version: 'vmx-04' } });
    expect(await session.properties('VirtualMachine', moref, path)).toContain('>false<');
    await expectFault(enable(true), 'NotSupported');
  });
});
