import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { removeSnapshot, SoapSession, takeSnapshot, VM } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
let moref = '';
beforeAll(async () => {
  vcsim = await Vcsim.start();
  session = await SoapSession.login(vcsim);
  moref = await vcsim.moref(VM);
}, 240_000);
beforeEach(() => vcsim.clearCalls());
afterEach(async () => {
  await vcsim.clearFaults();
  await vcsim.denyPrivileges([]);
});
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const now = () => session.call('CurrentTime', 'ServiceInstance:ServiceInstance');
const snapshots = async () => (await vcsim.vm(VM)).snapshots;
const self = () => `VirtualMachine:${moref}`;

describe('an injected fault', () => {
  it('meets the calls it is for, as often as it says', async () => {
    await vcsim.inject({ method: 'CurrentTime', fault: 'HostCommunication', skip: 1, times: 2 });
    await now();
    for (let n = 0; n < 2; n++) await expect(now()).rejects.toMatchObject({ fault: 'HostCommunication' });
    await now();
    expect(await vcsim.calls()).toEqual({ CurrentTime: 4 });
    await vcsim.inject({ method: 'CurrentTime', fault: 'HTTP503', times: -1 });
    for (let n = 0; n < 3; n++) await expect(now()).rejects.toThrow('HTTP 503');
    await vcsim.clearFaults();
    await now();
  });

  it('ends a task, with its fields', async () => {
    await vcsim.inject({
      method: 'CreateSnapshot_Task',
      fault: 'ApplicationQuiesceFault',
      onlyQuiesced: true,
      asTaskError: true,
      message: 'the guest did not answer',
    });
    const failed = await takeSnapshot(session, moref, true).catch((error: unknown) => error);
    expect(failed).toMatchObject({ fault: 'ApplicationQuiesceFault' });
    expect((failed as { xml: string }).xml).toContain('the guest did not answer');
    expect(await snapshots()).toBe(0);

    await vcsim.inject({
      method: 'RemoveSnapshot_Task',
      fault: 'FileLocked',
      fields: { file: 'disk1.vmdk' },
      asTaskError: true,
    });
    const snapshot = await takeSnapshot(session, moref, true);
    const locked = await removeSnapshot(session, snapshot).catch((error: unknown) => error);
    expect((locked as { xml: string }).xml).toContain('<file>disk1.vmdk</file>');
    await removeSnapshot(session, snapshot);
  });

  it('may be a connection that breaks, before or after the effect', async () => {
    await vcsim.inject({ method: 'CreateSnapshot_Task', drop: 'before' });
    await expect(takeSnapshot(session, moref)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await snapshots()).toBe(0);
    await vcsim.inject({ method: 'CreateSnapshot_Task', drop: 'after' });
    await expect(takeSnapshot(session, moref)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(snapshots).toBe(1);
    await session.task('RemoveAllSnapshots_Task', self());
    expect(await snapshots()).toBe(0);
  });

  it('may leave the chain of a removed snapshot behind, until it is consolidated', async () => {
    await vcsim.inject({ method: 'RemoveSnapshot_Task', leaveChain: true });
    await removeSnapshot(session, await takeSnapshot(session, moref));
    const needed = () => session.properties('VirtualMachine', moref, ['runtime.consolidationNeeded']);
    expect(await needed()).toContain('>true<');
    expect((await vcsim.vm(VM)).disks[0]!.chain).toHaveLength(2);
    await session.task('ConsolidateVMDisks_Task', self());
    expect(await needed()).toContain('>false<');
    expect((await vcsim.vm(VM)).disks[0]!.chain).toHaveLength(1);
  });

  it('may be a task that takes its time, shows among the recent ones, and can be cancelled', async () => {
    await vcsim.inject({ method: 'CreateSnapshot_Task', taskDelayMs: 1500 });
    const answer = await session.call(
      'CreateSnapshot_Task',
      self(),
      '<name>x</name><memory>false</memory><quiesce>false</quiesce>',
    );
    const task = /<returnval[^>]*>([^<]+)/.exec(answer)![1]!;
    const info = () => session.properties('Task', task, ['info']);
    expect(await session.properties('VirtualMachine', moref, ['recentTask'])).toContain(task);
    expect(await info()).toMatch(/<descriptionId>VirtualMachine.createSnapshot<.*<state>(queued|running)</s);
    await session.call('CancelTask', `Task:${task}`);
    await expect.poll(info, { timeout: 5000 }).toMatch(/<state>error<.*type="RequestCanceled"/s);
    expect(await snapshots()).toBe(0);
  });

  it('is refused when it could never happen', async () => {
    await expect(vcsim.inject({ method: 'CurrentTime', fault: 'NoSuchFault' })).rejects.toThrow(
      'NoSuchFault',
    );
    const misspelt = { method: 'CurrentTime', fualt: 'HTTP503' };
    await expect(vcsim.inject(misspelt)).rejects.toThrow('fualt');
  });
});

describe('a privilege that is denied', () => {
  it('shows when asked for, and refuses what needs it', async () => {
    const id = 'VirtualMachine.State.CreateSnapshot';
    const ask = () =>
      session.call(
        'HasPrivilegeOnEntities',
        'AuthorizationManager:AuthorizationManager',
        `<entity type="VirtualMachine">${moref}</entity><sessionId>x</sessionId>` +
          `<privId>${id}</privId><privId>Datastore.Browse</privId>`,
      );
    const granted = (xml: string) => [...xml.matchAll(/<isGranted>(\w+)/g)].map((match) => match[1]);
    expect(granted(await ask())).toEqual(['true', 'true']);
    await vcsim.denyPrivileges([id]);
    expect(granted(await ask())).toEqual(['false', 'true']);
    await expect(takeSnapshot(session, moref)).rejects.toMatchObject({ fault: 'NoPermission' });
    const known = await session.properties('AuthorizationManager', 'AuthorizationManager', ['privilegeList']);
    expect(known).toContain(`<privId>${id}</privId>`);
  });
});
