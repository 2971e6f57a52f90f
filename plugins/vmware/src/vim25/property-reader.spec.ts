import { afterEach, beforeEach, expect, it } from 'vitest';
import { readMany, readProperties, retrieveObjects } from './property-reader.js';
import { moRef } from './references.js';
import { ClientBench } from './testing/client-bench.js';
import type { SmallVcenter } from './testing/small-vcenter.js';
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

it('reads again in a new session when an answer without one was just empty', async () => {
  fill(3);
  vcenter.isSilentWithoutSession = true;
  vcenter.expire();
  expect((await readProperties(client, vm, ['name'], call)).props).toEqual({ name: 'web & 1' });
  vcenter.expire();
  expect(await readMany(client, [vm], ['name'], call)).toHaveLength(1);
  vcenter.expire();
  expect(await namesOf(2)).toEqual(expected(3));
  expect(client.session).toBe(4);
});

it('takes an empty answer for what it is where the session lives', async () => {
  vcenter.put('VirtualMachine', 'vm-1', {});
  expect((await readProperties(client, vm, ['name'], call)).props).toEqual({});
  expect(client.session).toBe(1);
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
