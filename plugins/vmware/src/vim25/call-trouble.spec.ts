import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { moRef } from './references.js';
import { ClientBench } from './testing/client-bench.js';
import { SmallVcenter } from './testing/small-vcenter.js';

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

it('is passed by for reads: a lost connection, a busy server', async () => {
  const client = await bench.connect();
  bench.vcenter.server.next('CurrentTime', 'drop', 503);
  await client.keepAlive(call);
  expect(bench.vcenter.server.count('CurrentTime')).toBe(3);
  const [lost = 0, busy = 0] = bench.slept;
  expect([lost >= 250 && lost <= 750, busy >= 2000 && busy <= 6000]).toEqual([true, true]);
  expect(bench.logged).toHaveLength(2);
});

it('is told after three tries', async () => {
  const client = await bench.connect();
  bench.vcenter.server.next('CurrentTime', 503, 503, 503);
  await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'peer.unreachable' });
  bench.vcenter.server.next('CurrentTime', 'drop', 'drop', 'drop');
  await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'peer.unreachable' });
  expect(bench.vcenter.server.count('CurrentTime')).toBe(6);
});

it.each(['drop', 503] as const)('is told at once where a second call could do harm (%s)', async (mishap) => {
  const client = await bench.connect();
  bench.vcenter.server.next('PowerOnVM_Task', mishap);
  await expect(client.call('PowerOnVM_Task', vm, {}, call)).rejects.toMatchObject({
    code: 'peer.unreachable',
  });
  expect(bench.vcenter.server.count('PowerOnVM_Task')).toBe(1);
  expect(bench.slept).toEqual([]);
});

it.each([
  ['web-page', /web page/],
  ['cut', /not well-formed/],
  [404, /status 404/],
] as const)('an answer that is none: %s', async (mishap, message) => {
  const client = await bench.connect();
  bench.vcenter.server.next('CurrentTime', mishap);
  await expect(client.keepAlive(call)).rejects.toMatchObject({
    code: 'peer.protocol',
    message: expect.stringMatching(message) as string,
  });
  expect(bench.vcenter.server.count('CurrentTime')).toBe(1);
});

it('nobody listens: tried three times, for a change of the machine too, as nothing was sent', async () => {
  const client = await bench.connect();
  await bench.vcenter.server.close();
  // finds out that the connection is gone which the client still has
  await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'peer.unreachable' });
  bench.slept.length = 0;
  await expect(client.call('PowerOnVM_Task', vm, {}, call)).rejects.toMatchObject({
    code: 'peer.unreachable',
  });
  expect(bench.slept).toHaveLength(2);
});

it('a certificate that is replaced is refused at the next connection', async () => {
  const port = await bench.vcenter.server.listen();
  const client = await bench.connect({ port });
  await bench.vcenter.server.close();
  const other = new SmallVcenter();
  try {
    await other.server.listen(port);
    await expect(client.keepAlive(call)).rejects.toMatchObject({ code: 'peer.untrusted' });
    expect(other.server.received).toEqual([]);
  } finally {
    await other.server.close();
  }
});

it('a wrong pin: nothing is sent', async () => {
  const sha256 = 'AB'.repeat(32);
  await expect(bench.connect({ trust: { by: 'pin', sha256 } })).rejects.toMatchObject({
    code: 'peer.untrusted',
  });
  expect(bench.vcenter.server.received).toEqual([]);
});

it('an abort ends a call that is under way, and a back-off', async () => {
  const client = await bench.connect();
  bench.vcenter.server.next('CurrentTime', 'silence');
  const controller = new AbortController();
  const running = client.keepAlive({ signal: controller.signal });
  await vi.waitFor(() => expect(bench.vcenter.server.count('CurrentTime')).toBe(1));
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: 'call.aborted' });
  await expect(client.keepAlive({ signal: controller.signal })).rejects.toMatchObject({
    code: 'call.aborted',
  });
  expect(bench.vcenter.server.count('CurrentTime')).toBe(1);
});
