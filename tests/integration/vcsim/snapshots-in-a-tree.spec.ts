import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { MIB, removeSnapshot, snapshotDisks, SoapSession, takeSnapshot, VM } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
let moref = '';
let key = 0;
beforeAll(async () => {
  vcsim = await Vcsim.start();
  session = await SoapSession.login(vcsim);
  moref = await vcsim.moref(VM);
  key = (await vcsim.vm(VM)).disks[0]!.key;
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const write = (text: string) => vcsim.guestWrite(VM, key, 0, Buffer.from(text));
const live = async () => (await vcsim.guestRead(VM, key, 0, 3)).toString();
const chain = async () =>
  (await vcsim.vm(VM)).disks[0]!.chain.map((name) => /disk1.*(?=\.vmdk)/.exec(name)![0]);

/** What a snapshot holds, and how many links it stands on. */
async function held(snapshot: string) {
  const [disk] = await snapshotDisks(session, snapshot);
  const path = disk!.fileName.replace(/^\[LocalDS_0\] /, '').replace(/\.vmdk$/, '');
  const suffix = disk!.hasParent ? 'delta' : 'flat';
  const file = join(await vcsim.datastoreDir(), `${path}-${suffix}.vmdk`);
  return { text: (await readFile(file)).subarray(0, 3).toString(), hasParent: disk!.hasParent };
}

describe('snapshots', () => {
  it('of others and ours stand on one chain, and either may go first', async () => {
    for (const first of ['theirs', 'ours']) {
      await write('one');
      const theirs = await vcsim.takeForeignSnapshot(VM, 'before the upgrade');
      await write('two');
      const ours = await takeSnapshot(session, moref);
      await write('new');
      expect(await held(theirs)).toEqual({ text: 'one', hasParent: false });
      expect(await held(ours)).toEqual({ text: 'two', hasParent: true });
      expect(await chain()).toEqual(['disk1-000002', 'disk1-000001', 'disk1']);
      const tree = await session.properties('VirtualMachine', moref, ['snapshot', 'rootSnapshot']);
      expect(tree).toMatch(/<name>before the upgrade<.*<childSnapshotList>.*<name>ours<.*<description>why</s);

      if (first === 'theirs') {
        await removeSnapshot(session, theirs);
        expect(await held(ours)).toEqual({ text: 'two', hasParent: false });
        expect(await chain()).toEqual(['disk1-000002', 'disk1']);
        await removeSnapshot(session, ours);
      } else {
        await removeSnapshot(session, ours);
        expect(await held(theirs)).toEqual({ text: 'one', hasParent: false });
        expect(await chain()).toEqual(['disk1-000001', 'disk1']);
        await session.task('RemoveAllSnapshots_Task', `VirtualMachine:${moref}`);
      }
      expect([await live(), await chain()]).toEqual(['new', ['disk1']]);
      expect(await session.properties('VirtualMachine', moref, ['snapshot'])).not.toContain('propSet');
    }
  });

  it('leave independent disks out', async () => {
    const disk = await vcsim.addDisk(VM, { sizeBytes: MIB, mode: 'independent_persistent', label: 'apart' });
    const snapshot = await takeSnapshot(session, moref);
    expect((await snapshotDisks(session, snapshot)).map((one) => one.key)).toEqual([key]);
    expect((await vcsim.vm(VM)).disks.find((one) => one.key === disk.key)!.chain).toHaveLength(1);
    await expect(vcsim.growDisk(VM, key, 2 * MIB)).rejects.toThrow('snapshots');
    await removeSnapshot(session, snapshot);
    await vcsim.removeDisk(VM, disk.key);
    expect((await vcsim.vm(VM)).disks).toHaveLength(1);
  });

  it('can be gone back to', async () => {
    await write('old');
    const snapshot = await takeSnapshot(session, moref);
    await write('new');
    await session.task('RevertToSnapshot_Task', `VirtualMachineSnapshot:${snapshot}`);
    expect(await live()).toBe('old');
    await removeSnapshot(session, snapshot);
    expect([await live(), await chain()]).toEqual(['old', ['disk1']]);
  });

  it('let a disk grow when there are none', async () => {
    await vcsim.growDisk(VM, key, 3 * MIB);
    expect((await vcsim.vm(VM)).disks[0]!.sizeBytes).toBe(3 * MIB);
    expect((await vcsim.guestRead(VM, key, 3 * MIB - 4, 4)).toString('hex')).toBe('00000000');
    await expect(vcsim.guestWrite(VM, key, 3 * MIB - 1, Buffer.alloc(2))).rejects.toThrow('outside');
  });

  it('vanish with their machine', async () => {
    await vcsim.takeForeignSnapshot(VM, 'x');
    await vcsim.destroyVm(VM);
    await expect(vcsim.vm(VM)).rejects.toThrow('no VirtualMachine');
    await expect(takeSnapshot(session, moref)).rejects.toMatchObject({ fault: 'ManagedObjectNotFound' });
  });
});
