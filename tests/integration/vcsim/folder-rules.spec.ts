import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { removeSnapshot, SoapSession, takeSnapshot } from './soap-session.js';

const DATACENTER = 'd+c é%0';
const DATASTORE = 'l+ds 0';

let vcsim: Vcsim;
let session: SoapSession;
let vm = '';
let disk = 0;
beforeAll(async () => {
  vcsim = await Vcsim.start({ datastorePrefix: 'l+ds ', datacenterPrefix: 'd+c é%' });
  session = await SoapSession.login(vcsim);
  vm = `${DATACENTER}_C0_RP0_VM0`;
  disk = (await vcsim.vm(vm)).disks[0]!.key;
  await vcsim.guestWrite(vm, disk, 0, Buffer.from('0123456789'));
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const once = encodeURIComponent;
const twice = (name: string) => once(once(name));
const path = (encode: (name: string) => string, file = 'disk1-flat.vmdk') =>
  `/folder/${once(vm)}/${file}?dcPath=${encode(DATACENTER)}&dsName=${encode(DATASTORE)}`;

describe('the files of a datastore', () => {
  it('are there for a live session only', async () => {
    const descriptor = path(twice, 'disk1.vmdk');
    expect((await session.get(descriptor)).status).toBe(200);
    expect((await session.get(descriptor, { cookie: '' })).status).toBe(401);
    const basic = Buffer.from(`${vcsim.username}:${vcsim.password}`).toString('base64');
    const headers = { cookie: '', authorization: `Basic ${basic}` };
    expect((await session.get(descriptor, headers)).status).toBe(401);
    const other = await SoapSession.login(vcsim);
    await vcsim.expireSessions();
    expect((await other.get(descriptor)).status).toBe(401);
    await session.login();
  });

  it('are found by names that are encoded twice, and by no others', async () => {
    for (const encode of [once, (name: string) => name.replaceAll(' ', '+').replaceAll('%', '%25')])
      expect((await session.get(path(encode, 'disk1.vmdk'))).status).toBe(404);
    const wrong = path((name) => twice(name === DATASTORE ? 'another' : name), 'disk1.vmdk');
    expect((await session.get(wrong)).status).toBe(404);
    expect((await session.get(path(twice, 'disk7.vmdk'))).status).toBe(404);
  });

  it('are locked while a running machine writes them, and readable in ranges when frozen', async () => {
    expect((await session.get(path(twice))).status).toBe(500);
    const snapshot = await takeSnapshot(session, await vcsim.moref(vm));
    await vcsim.guestWrite(vm, disk, 0, Buffer.from('abc'));
    const range = await session.get(path(twice), { range: 'bytes=2-5' });
    expect([range.status, range.body.toString()]).toEqual([206, '2345']);
    expect((await session.get(path(twice, 'disk1-000001-delta.vmdk'))).status).toBe(500);
    await removeSnapshot(session, snapshot);
    expect((await session.get(path(twice))).status).toBe(500);

    await session.task('PowerOffVM_Task', `VirtualMachine:${await vcsim.moref(vm)}`);
    const whole = await session.get(path(twice));
    expect([whole.status, whole.body.length]).toEqual([200, 1 << 20]);
    expect(whole.body.subarray(0, 6).toString()).toBe('abc345');
  });

  it('fail as they are told to', async () => {
    await vcsim.inject({ method: 'folder', fault: 'HTTP503' });
    expect((await session.get(path(twice))).status).toBe(503);
    await vcsim.inject({ method: 'folder', drop: 'after', afterBytes: 100_000 });
    await expect(session.get(path(twice))).rejects.toThrow();
    await vcsim.inject({ method: 'folder', drop: 'before' });
    await expect(session.get(path(twice))).rejects.toThrow();
    expect((await session.get(path(twice))).status).toBe(200);
  });
});
