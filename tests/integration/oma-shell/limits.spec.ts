import net, { type Socket } from 'node:net';
import { Problem } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Browser } from '../oma-access/people.js';
import { Appliance } from './appliance.js';

let oma: Appliance;
beforeAll(async () => {
  oma = await Appliance.start();
});
afterAll(() => oma[Symbol.asyncDispose]());

const codeOf = (body: object) => Problem.parse(body).code;

it('tells a wrong method from a wrong address, and which would be right', async () => {
  const { status, headers, body } = await oma.call('jobs', { method: 'DELETE' });
  expect([status, codeOf(body), headers.get('allow')]).toEqual([405, 'request.method', 'GET, HEAD']);
  const nested = await oma.call('jobs/job_01J00000000000000000000000/cancel', { method: 'GET' });
  expect([nested.status, nested.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await oma.call('nowhere', { method: 'DELETE' })).status).toBe(404);
  for (const method of ['TRACE', 'PROPFIND'])
    expect(await statusOf(`${method} /api/v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toBe(
      '405',
    );
});

it('takes no body that is too long or too deep', async () => {
  const long = await oma.call('discovery/add-vms', { body: { connectionId: 'x'.repeat(300_000) } });
  expect([long.status, codeOf(long.body)]).toEqual([413, 'request.invalid']);
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const deep = await oma.call('discovery/add-vms', {
      method: 'POST',
      body: `${open.repeat(10_000)}1${close.repeat(10_000)}`,
    });
    expect([deep.status, codeOf(deep.body)]).toEqual([400, 'request.invalid']);
    expect(Problem.parse(deep.body).cause).toContain('deep');
  }
});

it('lets a caller ask so often a minute, and others go on', async () => {
  await using slow = await Appliance.start({ config: { http: { port: 0, requestsPerMinute: 20 } } });
  const page = await Browser.signIn(slow);
  const statuses: number[] = [];
  for (let i = 0; i < 25; i += 1) statuses.push((await page.call('jobs')).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  const { status, headers, body } = await page.call('jobs');
  expect([status, codeOf(body)]).toEqual([429, 'access.throttled']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await slow.call('jobs')).status).toBe(200);
});

it('has room for an administrator while 900 slow connections try to fill the house', async () => {
  const { port } = new URL(oma.url);
  const slow: Socket[] = [];
  try {
    for (let i = 0; i < 900; i += 1) {
      const socket = net.connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('connect', () =>
        // half of them never end their headers, the others never end their body
        socket.write(
          i % 2 === 0
            ? 'GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: '
            : 'POST /api/v1/access/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
        ),
      );
      slow.push(socket);
    }
    // 600 of one network find a place, and what else the appliance serves
    await until('the house is full', () => slow.filter(({ destroyed }) => destroyed).length >= 290);
    const began = performance.now();
    expect((await Browser.signIn(oma)).csrfToken).not.toBe('');
    expect((await oma.call('jobs')).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(3_000);
  } finally {
    for (const socket of slow) socket.destroy();
  }
});

/** The status code of the answer to bytes that no client library would send. */
async function statusOf(request: string): Promise<string | undefined> {
  const socket = net.connect(Number(new URL(oma.url).port), '127.0.0.1');
  socket.end(request);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
}
