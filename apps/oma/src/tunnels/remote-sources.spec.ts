import { MigrationError, toProblem } from '@ossea/errors';
import type { SourceSession } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LYING_VMA, LyingAgent, answerJson, answerProblem, cutOff, type Answer } from './lying-agent.js';
import { RemoteSources } from './remote-sources.js';

let agent: LyingAgent;
let sources: RemoteSources;

beforeEach(async () => {
  agent = await LyingAgent.create();
  sources = new RemoteSources(agent.client);
});
afterEach(() => agent[Symbol.asyncDispose]());

const calm = () => new AbortController().signal;

describe('a session', () => {
  const opened = { instance: 'i', capabilities: ['changedBlocks', 'somethingNew'] };
  const lost = new MigrationError('resource.not-found', 'No such session.', {
    context: { session: 'conn_1' },
  });
  const open = (): Promise<SourceSession> =>
    sources.open(
      { vmaId: LYING_VMA, session: 'conn_1', pluginId: 'p', settings: { a: 'b' } },
      { signal: calm() },
    );
  const changes = async (session: SourceSession) => {
    const items: object[] = [];
    const range = { since: 's', until: 'u' };
    for await (const item of session.can.changedBlocks!.changes('d', range, { signal: calm() }))
      items.push(item);
    return items;
  };
  const extents = '{"item":{"offset":0,"length":1}}\n{"item":{"offset":5,"length":1}}\n';

  it('grants what the VMA says, and nothing else', async () => {
    await agent.listen((_, response) => answerJson(response, opened));
    expect(Object.keys((await open()).can)).toEqual(['changedBlocks']);
  });

  it.each<[string, string, Answer]>([
    ['tunnel.down', 'is cut', (_, response) => response.write(extents, () => cutOff(response))],
    ['tunnel.down', 'stops without its end', (_, response) => response.end(extents)],
    ['tunnel.down', 'stops in mid-line', (_, response) => response.end(`${extents}{"end":tr`)],
    [
      'peer.protocol',
      'holds something else',
      (_, response) => response.end('{"item":{"offset":-1,"length":1}}\n{"end":true}\n'),
    ],
    [
      'tracking.reset',
      'ends with a problem',
      (_, response) =>
        response.end(
          `${extents}${JSON.stringify({ problem: toProblem(new MigrationError('tracking.reset', 'x')) })}\n`,
        ),
    ],
  ])('throws %s when a list of changes %s: never a short list', async (code, _what, answer) => {
    await agent.listen((request, response, body) =>
      request.method === 'PUT' ? answerJson(response, opened) : answer(request, response, body),
    );
    await expect(changes(await open())).rejects.toMatchObject({ code });
  });

  it('is opened again, once a call, when the VMA has lost it', async () => {
    let known = false;
    await agent.listen((request, response) => {
      if (request.method === 'PUT') {
        known = true;
        answerJson(response, opened);
      } else if (!known) answerProblem(response, lost);
      else response.end(request.url?.endsWith('changes') ? `${extents}{"end":true}\n` : '{"token":"t"}');
    });
    const session = await open();
    known = false;
    expect(await session.can.changedBlocks!.token('d', 's', { signal: calm() })).toBe('t');
    known = false;
    expect(await changes(session)).toHaveLength(2);
    expect(agent.of('PUT')).toHaveLength(3);
  });

  it('is not opened for ever by a VMA that keeps losing it, nor for another thing that is missing', async () => {
    let problem = lost;
    await agent.listen((request, response) =>
      request.method === 'PUT' ? answerJson(response, opened) : answerProblem(response, problem),
    );
    const session = await open();
    const token = () => session.can.changedBlocks!.token('d', 's', { signal: calm() });
    await expect(token()).rejects.toMatchObject({ code: 'resource.not-found' });
    expect(agent.of('PUT')).toHaveLength(2);
    problem = new MigrationError('resource.not-found', 'No such disk.');
    await expect(token()).rejects.toMatchObject({ code: 'resource.not-found', message: 'No such disk.' });
    expect(agent.of('PUT')).toHaveLength(2);
  });

  it('is closed once, and not by what was opened before it under the same name', async () => {
    await agent.listen((_, response) => answerJson(response, opened));
    const older = await open();
    const newer = await open();
    await older[Symbol.asyncDispose]();
    expect(agent.of('DELETE')).toHaveLength(0);
    await newer[Symbol.asyncDispose]();
    await newer[Symbol.asyncDispose]();
    expect(agent.of('DELETE')).toEqual(['DELETE /api/v1/sessions/conn_1']);
  });
});
