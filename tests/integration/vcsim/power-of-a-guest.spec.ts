import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { SoapSession, VM } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
let self = '';
beforeAll(async () => {
  vcsim = await Vcsim.start();
  session = await SoapSession.login(vcsim);
  self = `VirtualMachine:${await vcsim.moref(VM)}`;
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const state = async () => (await vcsim.vm(VM)).powerState;
const withTools = () => vcsim.mergeVm(VM, { guest: { toolsRunningStatus: 'guestToolsRunning' } });

describe('a guest', () => {
  it('shuts down when its tools run, in its own time', async () => {
    await expect(session.call('ShutdownGuest', self)).rejects.toMatchObject({ fault: 'ToolsUnavailable' });
    await withTools();
    await vcsim.setShutdownTime(VM, 200);
    await session.call('ShutdownGuest', self);
    expect(await state()).toBe('poweredOn');
    await expect.poll(state).toBe('poweredOff');
    await expect(session.call('ShutdownGuest', self)).rejects.toMatchObject({ fault: 'InvalidPowerState' });
    await expect(session.task('PowerOffVM_Task', self)).rejects.toMatchObject({ fault: 'InvalidPowerState' });
  });

  it('may never shut down, and then has to be turned off', async () => {
    await session.task('PowerOnVM_Task', self);
    await withTools();
    await vcsim.setShutdownTime(VM, -1);
    await session.call('ShutdownGuest', self);
    expect(await state()).toBe('poweredOn');
    await session.task('PowerOffVM_Task', self);
    expect(await state()).toBe('poweredOff');
  });
});
