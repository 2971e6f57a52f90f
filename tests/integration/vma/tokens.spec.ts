import { once } from 'node:events';
import net from 'node:net';
import {
  AGENT_HEALTH_PATH,
  CORRELATION_HEADER,
  PROTOCOL_HEADER,
  agentPaths,
  generateAgentKeyPair,
  signAgentToken,
} from '@ossea/agent-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentApi, type Call } from './agent-api.js';
import { VmaSite, type ConnectedVma } from './vma-site.js';

/* Whoever reaches the port learns that somebody is there, and nothing more: only the OMA's tokens open. */

let site: VmaSite;
let vma: ConnectedVma;
let tcp: AgentApi;
beforeAll(async () => {
  site = await VmaSite.start();
  vma = await site.connectedVma();
  tcp = new AgentApi({ port: vma.vma.apiPort }, site.agentKeys.privateKey, vma.vmaId);
});
afterAll(() => site[Symbol.asyncDispose]());

const ROUTES: readonly (readonly [NonNullable<Call['method']>, string])[] = [
  ['GET', agentPaths.info],
  ['PUT', agentPaths.session('s')],
  ['DELETE', agentPaths.session('s')],
  ['POST', agentPaths.call('s', 'inventory.list')],
  ['DELETE', agentPaths.lease('s', 'l')],
  ['PUT', agentPaths.copy('c')],
  ['DELETE', agentPaths.copy('c')],
  ['GET', agentPaths.copyEvents('c')],
  ['GET', agentPaths.copyJournal('c')],
  ['DELETE', `${agentPaths.copies}?prefix=c`],
  // what does not exist is not told either
  ['GET', '/'],
  ['GET', '/api/v1/nothing'],
  ['POST', AGENT_HEALTH_PATH],
  ['GET', `${AGENT_HEALTH_PATH}/`],
  ['GET', '/API/V1/HEALTH'],
  ['GET', '/api/v1/copies/%2e%2e/health'],
];

const bad: readonly (readonly [string, () => string | undefined])[] = [
  ['no token', () => undefined],
  ['no bearer', () => 'Basic dTpw'],
  ['nonsense', () => 'Bearer x'],
  ['a token of a stranger', () => `Bearer ${signAgentToken(generateAgentKeyPair().privateKey, vma.vmaId)}`],
  ['a token for another VMA', () => `Bearer ${signAgentToken(site.agentKeys.privateKey, 'vma_9')}`],
  [
    'a token of yesterday',
    () => `Bearer ${signAgentToken(site.agentKeys.privateKey, vma.vmaId, Date.now() - 86_400_000)}`,
  ],
];

describe.each(bad)('with %s', (_what, authorization) => {
  it.each(ROUTES)('%s %s is 401', async (method, path) => {
    const answer = await tcp.call(path, { method, headers: { authorization: authorization() } });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'access.unauthenticated' });
    expect(answer.bytes.toString()).not.toContain(vma.vmaId);
  });
});

it('refuses a stranger before it reads the message', async () => {
  const socket = net.connect(vma.vma.apiPort, '127.0.0.1');
  await once(socket, 'connect');
  // a gigabyte is announced and never sent
  socket.write(
    'PUT /api/v1/copies/c HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n{',
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toContain('401');
  socket.destroy();
});

it('says that it is there to everybody, on both doors, and nothing else', async () => {
  for (const api of [tcp, vma.api]) {
    const { status, body, headers } = await api.call(AGENT_HEALTH_PATH, {
      headers: { authorization: undefined, [PROTOCOL_HEADER]: undefined },
    });
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok' } });
    expect(headers[PROTOCOL_HEADER]).toBe('1');
    expect(headers).not.toHaveProperty('x-powered-by');
  }
});

it.each(['2', '0', '1.0', undefined])('is agent.version for an OMA that speaks %s', async (spoken) => {
  const { status, body } = await tcp.call(agentPaths.info, { headers: { [PROTOCOL_HEADER]: spoken } });
  expect(status).toBe(409);
  expect(body).toMatchObject({ code: 'agent.version', context: { ours: 1, theirs: spoken ?? 'none' } });
});

it('tells its OMA about itself', async () => {
  const { status, body } = await tcp.call(agentPaths.info);
  expect(status).toBe(200);
  expect(body).toMatchObject({ vmaId: vma.vmaId, protocol: 1, plugins: [], failures: [] });
});

describe('a message that cannot be taken', () => {
  const put = (call: Call) =>
    tcp.call(agentPaths.session('s'), {
      method: 'PUT',
      ...call,
      headers: { [CORRELATION_HEADER]: 'cor-7', ...call.headers },
    });

  it.each([
    ['no JSON', { rawBody: '{"hunter2":' }, 400],
    ['too large', { rawBody: JSON.stringify({ pluginId: 'x'.repeat(1_100_000) }) }, 413],
    ['something else', { rawBody: 'hunter2', headers: { 'content-type': 'text/plain' } }, 400],
    ['another document', { body: { pluginId: 'x', settings: {}, hunter2: true } }, 400],
    ['a plugin that is not there', { body: { pluginId: 'hunter', settings: {} } }, 422],
  ] as const)('is a problem with its correlation id: %s', async (_what, call, status) => {
    const answer = await put(call);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, correlationId: 'cor-7' });
    if (!('body' in call)) expect(answer.bytes.toString()).not.toContain('hunter2');
  });

  it.each([
    ['GET', '/api/v1/nothing', 'request.not-found'],
    ['GET', '/api/v1/copies/%FF/events', 'request.invalid'],
    ['PUT', agentPaths.copy('../../etc'), 'request.invalid'],
    ['GET', agentPaths.copyJournal('..'), 'request.invalid'],
    ['DELETE', agentPaths.copies, 'request.invalid'],
    ['DELETE', `${agentPaths.copies}?prefix=`, 'request.invalid'],
    ['POST', agentPaths.call('s', 'constructor'), 'request.not-found'],
    ['POST', agentPaths.call('s', 'inventory.list'), 'resource.not-found'],
    ['GET', agentPaths.copyEvents('c'), 'resource.not-found'],
    ['GET', agentPaths.copyJournal('c'), 'resource.not-found'],
  ] as const)('%s %s is %s', async (method, path, code) => {
    expect((await tcp.call(path, { method, body: {} })).body).toMatchObject({ code });
  });
});

it('trusts nobody any more once it is revoked', async () => {
  site.decide('revoked');
  await expect.poll(async () => (await vma.api.call(agentPaths.info)).status, { timeout: 30_000 }).toBe(401);
  expect((await vma.api.call(AGENT_HEALTH_PATH)).status).toBe(200);
  expect(vma.vma.state()).toEqual({ state: 'revoked', vmaId: vma.vmaId });
});
