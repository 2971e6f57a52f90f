import { showPeerCertificate, type Trust } from '@ossea/plugin-sdk';
import { certify } from '@ossea/plugin-sdk/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  VimClient,
  isA,
  moRef,
  readProperties,
  retrieveObjects,
  waitForTask,
  waitUntil,
  watchProperties,
  type VimClientOptions,
} from '../../../plugins/vmware/src/vim25/index.js';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';

const VMS = 7;
const call = { signal: new AbortController().signal };
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let vcsim: Vcsim;

beforeAll(async () => {
  vcsim = await Vcsim.start({ vms: VMS });
});
afterAll(() => vcsim?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await vcsim.clearFaults();
  await vcsim.clearCalls();
});

function connect(more: Partial<VimClientOptions> = {}): Promise<VimClient> {
  const { host, port, username, password, sha256 } = vcsim;
  const trust: Trust = { by: 'pin', sha256 };
  return VimClient.connect({ host, port, username, password, trust, log, ...more }, call);
}

async function count(method: string): Promise<number> {
  return (await vcsim.calls())[method] ?? 0;
}

const list = (client: VimClient, pageSize: number) =>
  retrieveObjects(client, { type: 'VirtualMachine', paths: ['name', 'config.hardware'], pageSize }, call);

describe('the session', () => {
  it('begins with one login and ends with a logout', async () => {
    const before = await vcsim.sessions();
    {
      await using client = await connect();
      expect(client.content.about.apiType).toBe('VirtualCenter');
      expect(client.certificate.sha256).toBe(vcsim.sha256);
      await client.keepAlive(call);
      expect(await vcsim.sessions()).toBe(before + 1);
    }
    expect([await count('Login'), await count('Logout'), await vcsim.sessions()]).toEqual([1, 1, before]);
  });

  it('a wrong password is tried once', async () => {
    await expect(connect({ password: 'wrong' })).rejects.toMatchObject({ code: 'auth.rejected' });
    expect(await count('Login')).toBe(1);
  });

  it('a password that is rejected later is tried twice at most, whatever is called', async () => {
    await using client = await connect();
    await vcsim.expireSessions();
    await vcsim.inject({ method: 'Login', fault: 'InvalidLogin', times: -1 });
    await vcsim.clearCalls();
    for (let i = 0; i < 4; i += 1)
      await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'auth.rejected' });
    expect(await count('Login')).toBe(2);
  });

  it('a wrong pin: nothing is asked', async () => {
    await expect(connect({ trust: { by: 'pin', sha256: '00'.repeat(32) } })).rejects.toMatchObject({
      code: 'peer.untrusted',
      context: { shown: vcsim.sha256 },
    });
    expect(await vcsim.calls()).toEqual({});
  });

  it('the certificate can be looked at before it is trusted', async () => {
    expect(await showPeerCertificate(vcsim.host, vcsim.port, call)).toMatchObject({
      sha256: vcsim.sha256,
      names: ['vcenter.test'],
      subject: 'CN=vcenter.test',
    });
  });

  it('a CA vouches for a name: the right one only', async () => {
    const root = certify({ name: 'VMCA', authority: true });
    const { cert, key } = certify({ name: 'vcenter', names: ['127.0.0.1'], issuer: root });
    await using issued = await Vcsim.start({ certificate: { certPem: cert, keyPem: key } });
    const { host, port, username, password } = issued;
    await using client = await connect({
      host,
      port,
      username,
      password,
      trust: { by: 'ca', pem: root.cert },
    });
    expect(client.certificate.names).toEqual(['127.0.0.1']);
    // made out to a name that this is not, though the CA is the one that is given
    const self: Trust = { by: 'ca', pem: vcsim.certPem };
    await expect(connect({ trust: self })).rejects.toMatchObject({ code: 'peer.untrusted' });
    await expect(connect({ trust: { by: 'ca' } })).rejects.toMatchObject({ code: 'peer.untrusted' });
  });
});

describe('reading', () => {
  it.each([2, 250])('lists all machines with their hardware, %i in a page', async (pageSize) => {
    await using client = await connect();
    const names: (string | undefined)[] = [];
    for await (const { props, missing } of list(client, pageSize)) {
      names.push(props.name);
      expect(missing).toEqual([]);
      const disks = (props['config.hardware']?.device ?? []).filter((device) => isA(device, 'VirtualDisk'));
      expect(disks).toHaveLength(1);
    }
    expect(names.sort()).toEqual(Array.from({ length: VMS }, (_, i) => `DC0_C0_RP0_VM${i}`));
    expect(await count('ContinueRetrievePropertiesEx')).toBe(Math.ceil(VMS / pageSize) - 1);
    expect(await count('DestroyView')).toBe(1);
  });

  it('a session that ends in the middle costs no machine and shows none twice', async () => {
    await using client = await connect();
    const names: (string | undefined)[] = [];
    for await (const { props } of list(client, 2)) {
      names.push(props.name);
      if (names.length === 3) expect(await vcsim.expireSessions()).toBe(1);
    }
    expect(names).toHaveLength(VMS);
    expect(new Set(names).size).toBe(VMS);
    expect(await count('Login')).toBe(2);
  });

  it('a session that has ended before a read of one object', async () => {
    await using client = await connect();
    const vm = moRef('VirtualMachine', await vcsim.moref('DC0_C0_RP0_VM0'));
    await vcsim.expireSessions();
    expect((await readProperties(client, vm, ['name'], call)).props).toEqual({ name: 'DC0_C0_RP0_VM0' });
  });

  it('an object that is not there is a fault', async () => {
    await using client = await connect();
    await expect(
      readProperties(client, moRef('VirtualMachine', 'vm-9999'), ['name'], call),
    ).rejects.toMatchObject({ faultName: 'ManagedObjectNotFound' });
  });

  it('a lost connection and a busy server are passed by', async () => {
    await using client = await connect({ clock: { now: Date.now, sleep: () => Promise.resolve() } });
    await vcsim.inject({ method: 'CurrentTime', drop: 'before' });
    await vcsim.inject({ method: 'CurrentTime', fault: 'HTTP503' });
    await client.keepAlive(call);
    expect(await count('CurrentTime')).toBe(3);
  });
});

describe('tasks', () => {
  const NAME = 'DC0_C0_RP0_VM1';
  const snapshot = async (client: VimClient) => {
    const vm = moRef('VirtualMachine', await vcsim.moref(NAME));
    const args = {
      name: 'we\'ird & "n<a>me% ü',
      description: 'line 1\r\nline 2',
      memory: false,
      quiesce: false,
    };
    return client.call('CreateSnapshot_Task', vm, args, call);
  };

  it('give their result, and names arrive as they were sent', async () => {
    await using client = await connect();
    const made = await waitForTask(client, await snapshot(client), call);
    expect(made).toMatchObject({ type: 'VirtualMachineSnapshot' });
    const vm = moRef('VirtualMachine', await vcsim.moref(NAME));
    const { props } = await readProperties(client, vm, ['snapshot'], call);
    expect(props.snapshot?.rootSnapshotList[0]).toMatchObject({
      name: 'we\'ird & "n<a>me% ü',
      description: 'line 1\r\nline 2',
    });
    await waitForTask(client, await client.call('RemoveAllSnapshots_Task', vm, {}, call), call);
    expect((await vcsim.vm(NAME)).snapshots).toBe(0);
  });

  it('end well although the session ends while they are waited for', async () => {
    await using client = await connect();
    await vcsim.inject({ method: 'CreateSnapshot_Task', taskDelayMs: 1500 });
    const task = await snapshot(client);
    let expired = 0;
    const made = await waitForTask(client, task, call, {
      onProgress: () => {
        if (expired === 0) {
          expired = -1;
          void vcsim.expireSessions().then((ended) => (expired = ended));
        }
      },
    });
    expect(made).toMatchObject({ type: 'VirtualMachineSnapshot' });
    expect(expired).toBe(1);
    expect([await count('Login'), await count('CreatePropertyCollector')]).toEqual([2, 2]);
    await waitForTask(
      client,
      await client.call('RemoveSnapshot_Task', made as never, { removeChildren: false }, call),
      call,
    );
  });

  it('throw what they failed with', async () => {
    await using client = await connect();
    await vcsim.inject({
      method: 'CreateSnapshot_Task',
      fault: 'ApplicationQuiesceFault',
      message: 'The guest did not flush.',
      asTaskError: true,
    });
    await expect(waitForTask(client, await snapshot(client), call)).rejects.toMatchObject({
      faultName: 'ApplicationQuiesceFault',
      localizedMessage: 'The guest did not flush.',
    });
  });

  it('a power state is waited for, and not longer than was said', async () => {
    await using client = await connect();
    const vm = moRef('VirtualMachine', await vcsim.moref('DC0_C0_RP0_VM2'));
    const off = (props: { readonly 'runtime.powerState'?: string }) =>
      props['runtime.powerState'] === 'poweredOff';
    expect(await waitUntil(client, vm, ['runtime.powerState'], off, { ...call, timeoutMs: 100 })).toBe(false);
    const waiting = waitUntil(client, vm, ['runtime.powerState'], off, { ...call, timeoutMs: 60_000 });
    await client.call('PowerOffVM_Task', vm, {}, call);
    expect(await waiting).toBe(true);
  });

  it('collectors are given back, also by a caller who aborts', async () => {
    await using client = await connect();
    const vm = moRef('VirtualMachine', await vcsim.moref('DC0_C0_RP0_VM3'));
    const controller = new AbortController();
    const watching = (async () => {
      const { signal } = controller;
      for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name'] }], { signal })) {
        expect(props).toEqual({ name: 'DC0_C0_RP0_VM3' });
        controller.abort();
      }
    })();
    await expect(watching).rejects.toMatchObject({ code: 'call.aborted' });
    expect([await count('CreatePropertyCollector'), await count('DestroyPropertyCollector')]).toEqual([1, 1]);
  });
});

it('an ESXi host by itself speaks the same', async () => {
  await using host = await Vcsim.start({ esx: true });
  const { port, username, password, sha256 } = host;
  await using client = await connect({ port, username, password, trust: { by: 'pin', sha256 } });
  expect(client.content.about.apiType).toBe('HostAgent');
  const names: (string | undefined)[] = [];
  for await (const { props } of list(client, 250)) names.push(props.name);
  expect(names).toEqual(['ha-host_VM0']);
});
