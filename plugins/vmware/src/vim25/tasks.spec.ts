import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { moRef } from './references.js';
import { waitForTask, waitUntil } from './tasks.js';
import { ClientBench } from './testing/client-bench.js';
import type { SmallVcenter } from './testing/small-vcenter.js';
import type { VimClient } from './vim-client.js';
import { TaskVanished } from './vim-fault.js';

const call = { signal: new AbortController().signal };
const vm = moRef('VirtualMachine', 'vm-1');
const task = moRef('Task', 'task-1');
let bench: ClientBench;
let vcenter: SmallVcenter;
let client: VimClient;

beforeEach(async () => {
  bench = new ClientBench();
  ({ vcenter } = bench);
  client = await bench.connect();
});

afterEach(async () => {
  await client[Symbol.asyncDispose]();
  // whatever a spec did, nothing stays at the server
  expect([...vcenter.left]).toEqual([]);
  await bench.close();
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
  // a server may also refuse to look for it
  const unknown = { name: 'ManagedObjectNotFound', xml: '<obj type="Task">task-1</obj>' };
  vcenter.faults.push({ method: 'CreateFilter', fault: unknown });
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
