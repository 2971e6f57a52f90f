import { afterEach, beforeEach, expect, it } from 'vitest';
import { moRef } from './references.js';
import { ClientBench } from './testing/client-bench.js';
import type { SmallVcenter } from './testing/small-vcenter.js';
import { watchProperties, type WatchedObject } from './updates.js';
import type { VimClient } from './vim-client.js';

const call = { signal: new AbortController().signal };
const vm = moRef('VirtualMachine', 'vm-1');
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

it('follows an object, with all that is known of it, though only changes are told', async () => {
  vcenter.put('VirtualMachine', 'vm-1', { name: 'xsd:string|web & 1' });
  const seen: WatchedObject['props'][] = [];
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name', 'tag'] }], call)) {
    seen.push(props);
    if (seen.length === 1) vcenter.put('VirtualMachine', 'vm-1', { tag: 'xsd:string|new' });
    if (seen.length === 2) vcenter.put('VirtualMachine', 'vm-1', { name: undefined });
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([{ name: 'web & 1' }, { name: 'web & 1', tag: 'new' }, { tag: 'new' }]);
});

it('starts from the beginning when the server has lost the version, and forgets what it knew', async () => {
  vcenter.put('VirtualMachine', 'vm-1', { name: 'xsd:string|web & 1' });
  const versions = () =>
    vcenter.server.received.flatMap(({ method, body }) =>
      method === 'WaitForUpdatesEx' ? [body.children.find(({ name }) => name === 'version')?.text] : [],
    );
  const seen: WatchedObject['props'][] = [];
  vcenter.put('VirtualMachine', 'vm-1', { tag: 'xsd:string|old' });
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name', 'tag'] }], call)) {
    seen.push(props);
    if (seen.length === 2) break;
    vcenter.faults.push({ method: 'WaitForUpdatesEx', fault: { name: 'InvalidCollectorVersion' } });
    vcenter.unset('vm-1', 'tag');
  }
  expect(versions()).toEqual(['', expect.stringMatching(/^\d+$/), '']);
  expect(seen).toEqual([{ name: 'web & 1', tag: 'old' }, { name: 'web & 1' }]);
});

it('makes a new collector when the server has lost it', async () => {
  vcenter.put('VirtualMachine', 'vm-1', { name: 'xsd:string|web & 1' });
  let count = 0;
  for await (const { props } of watchProperties(client, [{ obj: vm, paths: ['name'] }], call)) {
    expect(props).toEqual({ name: 'web & 1' });
    count += 1;
    if (count === 1) vcenter.forgetCollectors();
    if (count === 2) break;
  }
  expect(vcenter.server.count('CreatePropertyCollector')).toBe(2);
});
