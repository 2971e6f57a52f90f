import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readMany, readProperties, retrieveObjects } from './property-reader.js';
import { moRef } from './references.js';
import { waitForTask, waitUntil } from './tasks.js';
import { SmallVcenter } from './testing/small-vcenter.js';
import { watchProperties, type WatchedObject } from './updates.js';
import { VimClient } from './vim-client.js';
import { TaskVanished } from './vim-fault.js';

const call = { signal: new AbortController().signal };
const task = moRef('Task', 'task-1');
const vm = moRef('VirtualMachine', 'vm-1');
const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let vcenter: SmallVcenter;
let client: VimClient;

beforeEach(async () => {
  vcenter = new SmallVcenter();
  const sha256 = new X509Certificate(vcenter.certificate.cert).fingerprint256;
  const port = await vcenter.server.listen();
  const peer = { host: '127.0.0.1', port, username: 'u', password: 'right', log };
  client = await VimClient.connect({ ...peer, trust: { by: 'pin', sha256 } }, call);
});

afterEach(async () => {
  await client[Symbol.asyncDispose]();
  // whatever a spec did, nothing stays at the server
  expect([...vcenter.left]).toEqual([]);
  await vcenter.server.close();
});

function fill(machines: number): void {
  for (let i = 1; i <= machines; i += 1)
    vcenter.put('VirtualMachine', `vm-${i}`, { name: `xsd:string|web & ${i}` });
  vcenter.put('Folder', 'group-d1', { name: 'xsd:string|Datacenters' });
}

const list = (pageSize: number) =>
  retrieveObjects(client, { type: 'VirtualMachine', paths: ['name'], pageSize }, call);

async function namesOf(pageSize: number, during?: (count: number) => void): Promise<(string | undefined)[]> {
  const names: (string | undefined)[] = [];
  for await (const { obj, props } of list(pageSize)) {
    expect(obj.type).toBe('VirtualMachine');
    names.push(props.name);
    during?.(names.length);
  }
  return names;
}

const expected = (count: number) => Array.from({ length: count }, (_, i) => `web & ${i + 1}`);

it.each([1, 3, 7, 8, 250])('lists all machines, %i in a page', async (pageSize) => {
  fill(7);
  expect(await namesOf(pageSize)).toEqual(expected(7));
  expect(vcenter.server.count('ContinueRetrievePropertiesEx')).toBe(Math.ceil(7 / pageSize) - 1);
});

it('lists nothing where there is nothing', async () => {
  expect(await namesOf(5)).toEqual([]);
});

it('gives the view and the next page back when the caller stops early', async () => {
  fill(7);
  for await (const { props } of list(2)) if (props.name === 'web & 3') break;
  expect(vcenter.server.count('CancelRetrievePropertiesEx')).toBe(1);
  expect(vcenter.server.count('DestroyView')).toBe(1);
});

it('gives them back as well when the caller has aborted', async () => {
  fill(7);
  const controller = new AbortController();
  const wanted = { type: 'VirtualMachine', paths: ['name'], pageSize: 2 } as const;
  const { signal } = controller;
  const reading = (async () => {
    for await (const found of retrieveObjects(client, wanted, { signal }))
      if (found.obj.value === 'vm-2') controller.abort();
  })();
  await expect(reading).rejects.toMatchObject({ code: 'call.aborted' });
});

it('goes on after the session has ended between two pages: each machine once, none left out', async () => {
  fill(7);
  expect(await namesOf(2, (count) => count === 3 && vcenter.expire())).toEqual(expected(7));
  expect(vcenter.server.count('Login')).toBe(2);
});

it('goes on when somebody else has noticed first that it had ended', async () => {
  fill(5);
  const names: (string | undefined)[] = [];
  for await (const { props } of list(2)) {
    names.push(props.name);
    if (names.length !== 2) continue;
    vcenter.expire();
    await client.keepAlive(call);
  }
  expect(names).toEqual(expected(5));
});

it('gives up on a session that ends again and again', async () => {
  fill(7);
  await expect(namesOf(1, () => vcenter.expire())).rejects.toMatchObject({ code: 'peer.unreachable' });
  expect(vcenter.server.count('Login')).toBeLessThan(6);
});

it('reads properties again in a new session when they are missing for lack of one', async () => {
  fill(2);
  vcenter.expire();
  expect(await readProperties(client, vm, ['name'], call)).toEqual({
    obj: vm,
    props: { name: 'web & 1' },
    missing: [],
  });
  expect(vcenter.server.count('Login')).toBe(2);
});

it('reads properties again when an answer without a session was just empty', async () => {
  // as vcsim does
  vcenter.expire();
  await expect(readProperties(client, vm, ['name'], call)).rejects.toMatchObject({
    faultName: 'ManagedObjectNotFound',
  });
  vcenter.put('VirtualMachine', 'vm-1', {});
  expect((await readProperties(client, vm, ['name'], call)).props).toEqual({});
});

it('tells an object that is gone, and leaves it out among several', async () => {
  fill(3);
  await expect(readProperties(client, moRef('VirtualMachine', 'vm-9'), ['name'], call)).rejects.toMatchObject(
    {
      faultName: 'ManagedObjectNotFound',
    },
  );
  const refs = [vm, moRef('VirtualMachine', 'vm-9'), moRef('Folder', 'group-d1'), vm];
  const found = await readMany(client, refs, ['name'], call);
  expect(found.map(({ obj, props }) => [obj.value, props.name])).toEqual([
    ['vm-1', 'web & 1'],
    ['group-d1', 'Datacenters'],
  ]);
  const asked = vcenter.server.received.length;
  expect(await readMany(client, [], ['name'], call)).toEqual([]);
  expect(vcenter.server.received).toHaveLength(asked);
});

it('follows an object, with all that is known of it', async () => {
  fill(1);
  const seen: WatchedObject['props'][] = [];
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name', 'tag'] }], call)) {
    seen.push(props);
    if (seen.length === 1) vcenter.put('VirtualMachine', 'vm-1', { tag: 'xsd:string|new' });
    if (seen.length === 2) break;
  }
  expect(seen).toEqual([{ name: 'web & 1' }, { name: 'web & 1', tag: 'new' }]);
});

it('starts from the beginning when the server has lost the version', async () => {
  fill(1);
  const versions = () =>
    vcenter.server.received.flatMap(({ method, body }) =>
      method === 'WaitForUpdatesEx' ? [body.children.find(({ name }) => name === 'version')?.text] : [],
    );
  let count = 0;
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name'] }], call)) {
    expect(props).toEqual({ name: 'web & 1' });
    count += 1;
    if (count === 1)
      vcenter.faults.push({ method: 'WaitForUpdatesEx', fault: { name: 'InvalidCollectorVersion' } });
    if (count === 2) break;
  }
  expect(versions()).toEqual(['', expect.stringMatching(/^\d+$/), '']);
});

it('makes a new collector when the server has lost it', async () => {
  fill(1);
  let count = 0;
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name'] }], call)) {
    expect(props).toEqual({ name: 'web & 1' });
    count += 1;
    if (count === 1) vcenter.forgetCollectors();
    if (count === 2) break;
  }
  expect(vcenter.server.count('CreatePropertyCollector')).toBe(2);
});

it('waits for a task, past waits without news, and gives its result', async () => {
  vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|running', 'info.progress': 'xsd:int|10' });
  const progress: unknown[] = [];
  const waiting = waitForTask(client, task, call, { onProgress: (percent) => progress.push(percent) });
  await vcenter.waits();
  vcenter.wake();
  await vcenter.waits();
  vcenter.put('Task', 'task-1', { 'info.progress': 'xsd:int|60' });
  await vcenter.waits();
  const result = 'ManagedObjectReference|snapshot-7';
  vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|success', 'info.result': result });
  expect(await waiting).toMatchObject({ value: 'snapshot-7' });
  expect(progress).toEqual([10, 60, 60]);
});

it('goes on waiting for a task when the session ends meanwhile', async () => {
  vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|running' });
  const waiting = waitForTask(client, task, call);
  await vcenter.waits();
  vcenter.expire();
  await vcenter.waits();
  vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|success', 'info.result': 'xsd:int|5' });
  expect(await waiting).toBe(5);
  expect([vcenter.server.count('Login'), vcenter.server.count('CreatePropertyCollector')]).toEqual([2, 2]);
});

it('throws what a task has failed with', async () => {
  const fault =
    '<fault xsi:type="FileLocked"><file>[ds] a.vmdk</file></fault><localizedMessage>locked</localizedMessage>';
  vcenter.put('Task', 'task-1', {
    'info.state': 'TaskInfoState|error',
    'info.error': `LocalizedMethodFault|${fault}`,
  });
  await expect(waitForTask(client, task, call)).rejects.toMatchObject({
    faultName: 'FileLocked',
    localizedMessage: 'locked',
    detail: { file: '[ds] a.vmdk' },
  });
});

it('tells a task that the server has forgotten from one that has failed', async () => {
  await expect(waitForTask(client, task, call)).rejects.toBeInstanceOf(TaskVanished);
  vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|running' });
  const waiting = waitForTask(client, task, call);
  const vanished = expect(waiting).rejects.toBeInstanceOf(TaskVanished);
  await vcenter.waits();
  vcenter.put('Task', 'task-1', undefined);
  await vanished;
  const fault = '<fault xsi:type="ManagedObjectNotFound"><obj type="VirtualMachine">vm-1</obj></fault>';
  vcenter.put('Task', 'task-1', {
    'info.state': 'TaskInfoState|error',
    'info.error': `LocalizedMethodFault|${fault}`,
  });
  const failed: unknown = await waitForTask(client, task, call).catch((error: unknown) => error);
  expect(failed).toMatchObject({ faultName: 'ManagedObjectNotFound' });
  expect(failed).not.toBeInstanceOf(TaskVanished);
});

it.each([false, true])(
  'lets a task go on at an abort, unless it is to be cancelled: %s',
  async (cancelOnAbort) => {
    vcenter.put('Task', 'task-1', { 'info.state': 'TaskInfoState|running' });
    const controller = new AbortController();
    const waiting = waitForTask(client, task, { signal: controller.signal }, { cancelOnAbort });
    const aborted = expect(waiting).rejects.toMatchObject({ code: 'call.aborted' });
    await vcenter.waits();
    controller.abort();
    await aborted;
    expect(vcenter.server.count('CancelTask')).toBe(cancelOnAbort ? 1 : 0);
    expect(vcenter.server.count('DestroyPropertyCollector')).toBe(1);
  },
);

const isOff = (props: { readonly 'runtime.powerState'?: unknown }) =>
  props['runtime.powerState'] === 'poweredOff';
const power = (state: string) => ({ 'runtime.powerState': `VirtualMachinePowerState|${state}` });

it('waits until an object is as it should be', async () => {
  vcenter.put('VirtualMachine', 'vm-1', power('poweredOn'));
  const waiting = waitUntil(client, vm, ['runtime.powerState'], isOff, { ...call, timeoutMs: 60_000 });
  await vcenter.waits();
  vcenter.put('VirtualMachine', 'vm-1', power('poweredOff'));
  expect(await waiting).toBe(true);
});

it('gives up waiting after a time, at an abort, and for what is gone', async () => {
  vcenter.put('VirtualMachine', 'vm-1', power('poweredOn'));
  const wait = (options: { signal: AbortSignal; timeoutMs: number }) =>
    waitUntil(client, vm, ['runtime.powerState'], isOff, options);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const late = wait({ ...call, timeoutMs: 30_000 });
    await vcenter.waits();
    vi.advanceTimersByTime(30_000);
    expect(await late).toBe(false);
  } finally {
    vi.useRealTimers();
  }
  const controller = new AbortController();
  const aborted = expect(wait({ signal: controller.signal, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'call.aborted',
  });
  await vcenter.waits();
  controller.abort();
  await aborted;
  vcenter.put('VirtualMachine', 'vm-1', undefined);
  await expect(wait({ ...call, timeoutMs: 60_000 })).rejects.toMatchObject({
    faultName: 'ManagedObjectNotFound',
  });
});
