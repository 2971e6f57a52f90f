import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moRef, SERVICE_INSTANCE } from './references.js';
import { ClientBench } from './testing/client-bench.js';

const call = { signal: new AbortController().signal };
const vm = moRef('VirtualMachine', 'vm-1');
let bench: ClientBench;

beforeEach(() => {
  bench = new ClientBench();
});

afterEach(async () => {
  await bench.close();
  expect(inspect(bench.logged, { depth: 9 })).not.toContain('c4n4ry');
});

describe('the session', () => {
  it('is opened, used and closed, with the cookie as the server has set it', async () => {
    const client = await bench.connect();
    expect(client.cookie()).toMatch(/^vmware_soap_session="session-\d+"$/);
    expect(client.sessionKey).toMatch(/^key-session-/);
    expect(client.content.about.apiType).toBe('VirtualCenter');
    await client.keepAlive(call);
    const cookie = client.cookie();
    await client[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    expect(bench.vcenter.server.received.map(({ method, cookie: sent }) => [method, sent])).toEqual([
      ['RetrieveServiceContent', undefined],
      ['Login', undefined],
      ['CurrentTime', cookie],
      ['Logout', cookie],
    ]);
    await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'call.aborted' });
  });

  it('speaks the newest version that both sides know, and no other in between', async () => {
    const version = (text: string) => `<version>${text}</version>`;
    bench.vcenter.server.versions =
      `<namespaces><namespace><name>urn:vim25</name>${version('9.0.0.0')}` +
      `<priorVersions>${version('8.0.2.0')}${version('7.0.3.2')}</priorVersions></namespace></namespaces>`;
    const client = await bench.connect();
    expect(client.version).toBe('8.0.2.0');
    expect(new Set(bench.vcenter.server.received.map(({ action }) => action))).toEqual(
      new Set(['"urn:vim25/8.0.2.0"']),
    );
  });

  it('takes what `about` says where the server does not list its versions', async () => {
    const client = await bench.connect();
    await client.keepAlive(call);
    expect(bench.vcenter.server.received.map(({ action }) => action)).toEqual([
      '"urn:vim25/6.0"',
      '"urn:vim25/8.0.1.0"',
      '"urn:vim25/8.0.1.0"',
    ]);
  });

  it('is opened again when it has ended, and the call repeated', async () => {
    const client = await bench.connect();
    const before = [client.cookie(), client.sessionKey];
    const told = vi.fn();
    const stop = client.onLogin(told);
    bench.vcenter.expire();
    await client.keepAlive(call);
    expect([client.cookie(), client.sessionKey]).not.toEqual(before);
    expect(told).toHaveBeenCalledTimes(1);
    stop();
    bench.vcenter.expire();
    await client.keepAlive(call);
    expect(told).toHaveBeenCalledTimes(1);
    expect(client.session).toBe(3);
  });

  it('is opened once for all who notice', async () => {
    const client = await bench.connect();
    bench.vcenter.expire();
    await Promise.all(
      Array.from({ length: 12 }, () => client.keepAlive({ signal: new AbortController().signal })),
    );
    expect(bench.vcenter.server.count('Login')).toBe(2);
  });

  it('goes on for the others when the caller who noticed first aborts', async () => {
    const client = await bench.connect();
    bench.vcenter.expire();
    const controller = new AbortController();
    const guarded = client.onLogin(() => undefined);
    const first = client.call('CurrentTime', SERVICE_INSTANCE, {}, { signal: controller.signal });
    const second = client.keepAlive(call);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'call.aborted' });
    await second;
    guarded();
    expect(bench.vcenter.server.count('Login')).toBe(2);
  });

  it('is not opened a third time when the server forgets it at once', async () => {
    const client = await bench.connect();
    const fault = { name: 'NotAuthenticated' };
    bench.vcenter.faults.push({ method: 'CurrentTime', fault }, { method: 'CurrentTime', fault });
    await expect(client.keepAlive(call)).rejects.toMatchObject({ faultName: 'NotAuthenticated' });
    expect(bench.vcenter.server.count('Login')).toBe(2);
  });

  it('is kept alive by itself, and not after its end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const client = await bench.connect({ keepAliveMs: 1000 });
      vi.advanceTimersByTime(1000);
      await vi.waitFor(() => expect(bench.vcenter.server.count('CurrentTime')).toBe(1));
      await client[Symbol.asyncDispose]();
      vi.advanceTimersByTime(10_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends even when the server does not answer the farewell', async () => {
    const client = await bench.connect();
    bench.vcenter.server.next('Logout', 'drop');
    await client[Symbol.asyncDispose]();
    expect(bench.vcenter.server.count('Logout')).toBe(1);
  });

  it('ends what is under way', async () => {
    const client = await bench.connect();
    bench.vcenter.server.next('PowerOnVM_Task', 'silence');
    const running = client.call('PowerOnVM_Task', vm, {}, call);
    await vi.waitFor(() => expect(bench.vcenter.server.count('PowerOnVM_Task')).toBe(1));
    const ended = expect(running).rejects.toMatchObject({ code: 'call.aborted' });
    await client[Symbol.asyncDispose]();
    await ended;
  });
});

it('gives the faults of vSphere as they are', async () => {
  const client = await bench.connect();
  bench.vcenter.faults.push({
    method: 'PowerOnVM_Task',
    fault: {
      name: 'InvalidPowerState',
      xml: '<existingState>poweredOn</existingState>',
      message: 'It runs.',
    },
  });
  await expect(client.call('PowerOnVM_Task', vm, {}, call)).rejects.toMatchObject({
    name: 'VimFault',
    faultName: 'InvalidPowerState',
    localizedMessage: 'It runs.',
    detail: { existingState: 'poweredOn' },
  });
});

it('shows its secrets to nobody who looks', async () => {
  const client = await bench.connect();
  const seen = inspect(client, { depth: 12, showHidden: true });
  expect(seen).not.toContain('c4n4ry');
  expect(seen).not.toContain(client.cookie());
});
