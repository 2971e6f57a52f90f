import type http from 'node:http';
import { CORRELATION_HEADER, PROTOCOL_HEADER, verifyAgentToken } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LYING_VMA, LyingAgent, answerJson, answerProblem, cutOff, type Answer } from './lying-agent.js';

let agent: LyingAgent;

beforeEach(async () => {
  agent = await LyingAgent.create();
});
afterEach(() => agent[Symbol.asyncDispose]());

const calm = () => new AbortController().signal;
const get = (more: { signal?: AbortSignal; silenceMs?: number; correlationId?: string } = {}) =>
  agent.client.json(
    LYING_VMA,
    { method: 'GET', path: '/x', signal: calm(), ...more },
    z.object({ n: z.number() }),
  );

describe('a call', () => {
  it('is signed for this VMA alone, says its protocol and carries the correlation id', async () => {
    let headers: http.IncomingHttpHeaders = {};
    await agent.listen((request, response) => {
      headers = request.headers;
      answerJson(response, { n: 1 });
    });
    expect(await get({ correlationId: 'cor-1' })).toEqual({ n: 1 });
    const token = headers.authorization?.replace('Bearer ', '') ?? '';
    expect(verifyAgentToken(token, agent.keys.publicKey, LYING_VMA)).toBe(true);
    expect(verifyAgentToken(token, agent.keys.publicKey, 'vma_2')).toBe(false);
    expect(headers[PROTOCOL_HEADER]).toBe('1');
    expect(headers[CORRELATION_HEADER]).toBe('cor-1');
  });

  it('gives back the problem that the VMA answers', async () => {
    await agent.listen((_, response) =>
      answerProblem(response, new MigrationError('tracking.reset', 'Reset.', { context: { a: 1 } })),
    );
    await expect(get()).rejects.toMatchObject({
      code: 'tracking.reset',
      message: 'Reset.',
      context: { a: 1 },
    });
  });

  it('is tunnel.down with the name of the VMA where nobody listens', async () => {
    await expect(get()).rejects.toMatchObject({ code: 'tunnel.down', context: { vma: 'site-a' } });
  });

  it.each<[string, Answer]>([
    ['before the answer', (_, response) => cutOff(response)],
    [
      'in the middle of an answer of known length',
      (_, response) =>
        response.writeHead(200, { 'content-length': 100 }).write('{"n":', () => cutOff(response)),
    ],
    ['in the middle of a chunked answer', (_, response) => response.write('{"n":1', () => cutOff(response))],
    ['after what looks whole', (_, response) => response.write('{"n":1}', () => cutOff(response))],
  ])('is tunnel.down when the connection is cut %s', async (_what, answer) => {
    await agent.listen(answer);
    await expect(get()).rejects.toMatchObject({ code: 'tunnel.down', context: { vma: 'site-a' } });
  });

  it('is tunnel.down when nothing comes for too long', async () => {
    await agent.listen(() => undefined);
    await expect(get({ silenceMs: 100 })).rejects.toMatchObject({ code: 'tunnel.down' });
  });

  it('is tunnel.down when the VMA stops it because it shuts down', async () => {
    await agent.listen((_, response) =>
      answerProblem(response, new MigrationError('call.aborted', 'The call was aborted.')),
    );
    await expect(get()).rejects.toMatchObject({ code: 'tunnel.down' });
  });

  it('ends at once when its caller gives up', async () => {
    const gone = new Promise((resolve) => {
      void agent.listen((request) => request.socket.once('close', resolve));
    });
    const controller = new AbortController();
    const call = get({ signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(call).rejects.toMatchObject({ code: 'call.aborted' });
    await gone;
    await expect(get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'call.aborted' });
  });

  it.each<[string, string, Answer]>([
    [
      'agent.version',
      'another version of the protocol',
      (_, response) => answerJson(response.setHeader(PROTOCOL_HEADER, '2') && response, { n: 1 }),
    ],
    [
      'peer.protocol',
      'no agent at all',
      (_, response) => {
        response.removeHeader(PROTOCOL_HEADER);
        answerJson(response, { n: 1 });
      },
    ],
    ['peer.protocol', 'another document', (_, response) => answerJson(response, { n: 'one' })],
    ['peer.protocol', 'no JSON', (_, response) => response.end('<html>')],
    ['peer.protocol', 'a status without a problem', (_, response) => response.writeHead(502).end('x')],
    [
      'auth.rejected',
      '401',
      (_, response) => answerProblem(response, new MigrationError('access.unauthenticated', 'No.')),
    ],
  ])('is %s for %s', async (code, _what, answer) => {
    await agent.listen(answer);
    await expect(get()).rejects.toMatchObject({ code });
  });

  it('is refused for a VMA that is not approved', async () => {
    const call = { method: 'GET' as const, path: '/x', signal: calm() };
    await expect(agent.client.json('vma_2', call, z.object({}))).rejects.toMatchObject({
      code: 'request.not-found',
    });
  });
});
