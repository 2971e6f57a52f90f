import { request } from 'node:http';
import { Problem } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, type Answer } from './appliance.js';

let oma: Appliance;
beforeAll(async () => {
  oma = await Appliance.start();
});
afterAll(() => oma[Symbol.asyncDispose]());

function problemOf(answer: Answer): Problem {
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = Problem.parse(answer.body);
  expect(problem.status).toBe(answer.status);
  expect(problem.correlationId).toBe(answer.headers.get('x-correlation-id'));
  return problem;
}

describe('a problem document', () => {
  it('names every wrong field by its pointer, of body, query and path', async () => {
    const body = await oma.call('connections', { body: { kind: 'neither', 'a/b~c': 1 } });
    const problem = problemOf(body);
    expect(problem).toMatchObject({ status: 400, code: 'request.invalid', instance: '/api/v1/connections' });
    const pointers = problem.errors?.map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/kind', '/name', '/a~1b~0c']));
    const query = await oma.call('jobs?limit=501&state=lost');
    expect(problemOf(query).errors?.map(({ pointer }) => pointer)).toEqual(['/query/limit', '/query/state']);
    const path = await oma.call('jobs/..%2f..%2fetc');
    expect(problemOf(path).errors?.map(({ pointer }) => pointer)).toEqual(['/path/id']);
  });

  it('never quotes what was sent', async () => {
    const secret = 'hunter2-hunter2';
    const answer = await oma.call('access/sign-in', { token: null, body: { password: { secret } } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toContain(secret);
  });

  it.each([
    ['an unknown address', 'nothing/here', {}, 404, 'request.not-found'],
    ['a method that nobody serves', 'jobs', { method: 'DELETE' }, 405, 'request.method'],
    ['an unknown job', 'jobs/job_01J00000000000000000000000', {}, 404, 'request.not-found'],
    ['broken JSON', 'replications', { body: '{"contextId":' }, 400, 'request.invalid'],
    ['a body of another kind', 'replications', { body: '[]' }, 400, 'request.invalid'],
    ['no body where one is needed', 'replications', { method: 'POST' }, 400, 'request.invalid'],
    ['a path that is not valid', 'jobs/%zz', {}, 400, 'request.invalid'],
    [
      'an encoding that nobody reads',
      'replications',
      { body: '{}', headers: { 'content-encoding': 'sdch' } },
      415,
      'request.invalid',
    ],
    [
      'JSON that is deep',
      'replications',
      { body: '['.repeat(100_000) + ']'.repeat(100_000) },
      400,
      'request.invalid',
    ],
  ] as const)('answers %s', async (_what, path, call, status, code) => {
    expect(problemOf(await oma.call(path, call))).toMatchObject({ status, code });
  });

  it('refuses a body of more than a mebibyte before it reads it', async () => {
    const answer = await oma.call('replications', { body: { contextId: 'x'.repeat(1 << 20) } });
    expect(problemOf(answer)).toMatchObject({ status: 413, code: 'request.invalid' });
  });

  it('takes no harm from names that JavaScript gives a meaning', async () => {
    const body = '{"name":"n","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}';
    expect((await oma.call('connections', { body })).status).toBe(400);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('a correlation id', () => {
  it('is the one that the caller sent, when it is a valid one', async () => {
    for (const header of ['x-correlation-id', 'x-request-id']) {
      const answer = await oma.call('jobs', { headers: { [header]: 'order-66:a.b_c' } });
      expect(answer.headers.get('x-correlation-id')).toBe('order-66:a.b_c');
    }
    const answer = await oma.call('jobs', { headers: { 'x-correlation-id': 'with space' } });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^req_/);
  });

  it('runs through the job that the request starts', async () => {
    const headers = { 'x-correlation-id': 'pairing-7' };
    expect((await oma.call('admin/vma/pairing-code', { body: {}, headers })).status).toBe(201);
    const { items } = (await oma.call('jobs')).body as {
      items: { correlationId: string; requestedBy: string }[];
    };
    expect(items[0]).toMatchObject({ correlationId: 'pairing-7', requestedBy: 'admin/tests' });
  });
});

it('sends headers that keep pages of others out, and allows no inline script', async () => {
  const { headers } = await oma.call('jobs', { headers: { origin: 'https://elsewhere.example' } });
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('cache-control')).toBe('no-store');
  // plain HTTP must not promise TLS
  expect(headers.get('strict-transport-security')).toBeNull();
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  expect(policy).not.toContain('upgrade-insecure-requests');
});

it('does not fall over a header of 64 KiB', async () => {
  const { hostname, port } = new URL(oma.url);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(
      { hostname, port, path: '/api/v1/health', headers: { 'x-long': 'a'.repeat(65_536) } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .once('error', reject)
      .end();
  });
  expect(status).toBe(431);
  expect((await oma.call('health')).status).toBe(200);
});
