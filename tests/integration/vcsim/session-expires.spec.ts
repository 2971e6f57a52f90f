import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { SoapSession, VM } from './soap-session.js';

let vcsim: Vcsim;
beforeAll(async () => {
  vcsim = await Vcsim.start();
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const now = (session: SoapSession) => session.call('CurrentTime', 'ServiceInstance:ServiceInstance');

describe('a session', () => {
  it('that has ended shows in missingSet, and as a fault of every other method', async () => {
    const session = await SoapSession.login(vcsim);
    const moref = await vcsim.moref(VM);
    expect(await vcsim.sessions()).toBe(1);
    expect(await vcsim.expireSessions()).toBe(1);
    expect(await vcsim.sessions()).toBe(0);

    await expect(now(session)).rejects.toMatchObject({ fault: 'NotAuthenticated' });
    const xml = await session.properties('VirtualMachine', moref, ['name', 'runtime.powerState']);
    expect(xml).not.toContain('<propSet>');
    expect(xml.match(/<missingSet>/g)).toHaveLength(2);
    expect(xml.match(/type="NotAuthenticated"/g)).toHaveLength(2);

    await session.login();
    expect(await now(session)).toContain('<returnval');
  });

  it('that ends during a wait ends the wait', async () => {
    const session = await SoapSession.login(vcsim);
    const moref = await vcsim.moref(VM);
    await session.call(
      'CreateFilter',
      session.collector,
      '<spec><propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet>' +
        `<objectSet><obj type="VirtualMachine">${moref}</obj></objectSet></spec><partialUpdates>false</partialUpdates>`,
    );
    const wait = (version: string) =>
      session.call('WaitForUpdatesEx', session.collector, `<version>${version}</version>`);
    const version = /<version>([^<]+)/.exec(await wait(''))![1]!;
    await vcsim.clearCalls();
    const waiting = wait(version).catch((error: unknown) => error);
    await expect.poll(async () => (await vcsim.calls())['WaitForUpdatesEx']).toBe(1);
    await vcsim.expireSessions();
    expect(await waiting).toMatchObject({ fault: 'NotAuthenticated' });
  });

  it('is not given for a wrong password', async () => {
    const session = new SoapSession(vcsim);
    const inner = `<userName>${vcsim.username}</userName><password>wrong</password>`;
    await expect(session.call('Login', 'SessionManager:SessionManager', inner)).rejects.toMatchObject({
      fault: 'InvalidLogin',
    });
  });
});
