import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { MIB, removeSnapshot, snapshotDisks, SoapSession, takeSnapshot, VM } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
beforeAll(async () => {
  vcsim = await Vcsim.start();
  session = await SoapSession.login(vcsim);
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

/** The file of the content behind `[LocalDS_0] folder/name.vmdk`. */
async function content(fileName: string): Promise<Buffer> {
  const path = fileName.replace(/^\[LocalDS_0\] /, '').replace(/\.vmdk$/, '');
  const suffix = /-\d{6}$/.test(path) ? 'delta' : 'flat';
  return readFile(join(await vcsim.datastoreDir(), `${path}-${suffix}.vmdk`));
}

const counter = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
};

describe('a snapshot', () => {
  it('freezes all disks at one moment while the guest writes on', async () => {
    const first = (await vcsim.vm(VM)).disks[0]!.key;
    const { key: second } = await vcsim.addDisk(VM, { sizeBytes: 8 * MIB });
    const moref = await vcsim.moref(VM);

    // the guest writes a number to the first disk, then to the second: they never differ by more than one
    let goesOn = true;
    let written = 0;
    const guest = (async () => {
      while (goesOn) {
        written++;
        await vcsim.guestWrite(VM, first, 4096, counter(written));
        await vcsim.guestWrite(VM, second, 4096, counter(written));
      }
    })();
    try {
      for (let pass = 0; pass < 3; pass++) {
        const before = written;
        const snapshot = await takeSnapshot(session, moref);
        const disks = await snapshotDisks(session, snapshot);
        const read = async () =>
          Promise.all(disks.map(async (disk) => (await content(disk.fileName)).readUInt32LE(4096)));
        const [a, b] = (await read()) as [number, number];
        expect(a - b === 0 || a - b === 1).toBe(true);
        expect(b).toBeGreaterThanOrEqual(before - 1);
        expect(disks.every((disk) => !disk.hasParent)).toBe(true);

        // the live disks stand on a delta, and the frozen ones stay as they are
        const live = (await vcsim.vm(VM)).disks;
        expect(live.map((disk) => disk.chain.length)).toEqual([2, 2]);
        expect(live[0]!.fileName).toMatch(/disk1-000001\.vmdk$/);
        expect(await read()).toEqual([a, b]);

        await removeSnapshot(session, snapshot);
        const after = (await vcsim.vm(VM)).disks;
        expect(after.map((disk) => disk.fileName)).toEqual(disks.map((disk) => disk.fileName));
        expect(after.map((disk) => disk.chain.length)).toEqual([1, 1]);
      }
    } finally {
      goesOn = false;
      await guest;
    }
    const last = await Promise.all([first, second].map((key) => vcsim.guestRead(VM, key, 4096, 8)));
    expect(last.map((bytes) => bytes.readUInt32LE())).toEqual([written, written]);
  });
});
