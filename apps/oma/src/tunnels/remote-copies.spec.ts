import { MigrationError, toProblem } from '@ossea/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopyOrder } from '../replication/replication-ports.js';
import { LYING_VMA, LyingAgent, answerJson, cutOff, type Answer } from './lying-agent.js';
import { AgentCopies } from './remote-copies.js';
import { RemoteSources } from './remote-sources.js';

let agent: LyingAgent;
let sources: RemoteSources;

beforeEach(async () => {
  agent = await LyingAgent.create();
  sources = new RemoteSources(agent.client);
});
afterEach(() => agent[Symbol.asyncDispose]());

const calm = () => new AbortController().signal;

describe('a copy', () => {
  const order: CopyOrder = {
    copyId: 'cyc_1-a',
    correlationId: 'cor-1',
    disk: 'd',
    snapshot: 's',
    exportName: 'vol-1',
    sizeBytes: 65_536,
    work: { kind: 'full', targetIsZero: true },
    journalIdentity: 'j',
  };
  const progress = { bytesTotal: 2, bytesDone: 1, bytesMoved: 1, bytesZeroed: 0 };
  const result = { ...progress, bytesDone: 2, bytesResumed: 0, bytesRead: 2, requestsRetried: 0, seconds: 1 };
  const line = (event: object) => `${JSON.stringify(event)}\n`;
  const run = (options: { signal?: AbortSignal; onProgress?: (p: object) => void } = {}) =>
    new AgentCopies(agent.client, sources, LYING_VMA, 'conn_1', 500).run(order, {
      signal: calm(),
      onProgress: () => undefined,
      ...options,
    });
  const following =
    (events: Answer): Answer =>
    (request, response, body) =>
      request.method === 'GET' ? events(request, response, body) : answerJson(response, { state: 'running' });

  it('tells what it measured, and how it ended', async () => {
    const seen: object[] = [];
    await agent.listen(
      following((_, response) => response.end(line({ ping: true }) + line({ progress }) + line({ result }))),
    );
    expect(await run({ onProgress: (p) => seen.push(p) })).toEqual(result);
    expect(seen).toEqual([progress]);
    expect(agent.asked).toEqual(['PUT /api/v1/copies/cyc_1-a', 'GET /api/v1/copies/cyc_1-a/events']);
  });

  it('fails with what the engine said', async () => {
    const problem = toProblem(new MigrationError('storage.full', 'Full.', { context: { end: 'target' } }));
    await agent.listen(following((_, response) => response.end(line({ progress }) + line({ problem }))));
    await expect(run()).rejects.toMatchObject({ code: 'storage.full', context: { end: 'target' } });
  });

  it('is tunnel.down when the VMA stops it because it shuts down', async () => {
    const problem = toProblem(new MigrationError('call.aborted', 'The copy was stopped.'));
    await agent.listen(following((_, response) => response.end(line({ problem }))));
    await expect(run()).rejects.toMatchObject({ code: 'tunnel.down' });
  });

  it.each<[string, Answer]>([
    ['are cut', (_, response) => response.write(line({ progress }), () => cutOff(response))],
    ['end without an end', (_, response) => response.end(line({ progress }))],
  ])('is tunnel.down, to be joined again, when its events %s', async (_what, events) => {
    await agent.listen(following(events));
    await expect(run()).rejects.toMatchObject({ code: 'tunnel.down' });
    expect(agent.of('DELETE')).toEqual([]);
  });

  it('begins again with its session opened anew when the VMA has lost it', async () => {
    let known = false;
    const lost = new MigrationError('resource.not-found', 'Not open.', { context: { session: 'conn_1' } });
    await agent.listen((request, response) => {
      if (request.url?.startsWith('/api/v1/sessions/')) {
        known = true;
        answerJson(response, { instance: 'i', capabilities: [] });
      } else if (request.method === 'PUT') answerJson(response, { state: 'running' });
      else response.end(line(known ? { result } : { problem: toProblem(lost) }));
    });
    const request = { vmaId: LYING_VMA, session: 'conn_1', pluginId: 'p', settings: {} };
    await sources.open(request, { signal: calm() });
    known = false;
    expect(await run()).toEqual(result);
    expect(agent.of('PUT')).toEqual([
      'PUT /api/v1/sessions/conn_1',
      'PUT /api/v1/copies/cyc_1-a',
      'PUT /api/v1/sessions/conn_1',
      'PUT /api/v1/copies/cyc_1-a',
    ]);
  });

  it('is stopped at the VMA before a cancel is answered', async () => {
    const controller = new AbortController();
    let stopped = false;
    await agent.listen((request, response) => {
      if (request.method === 'PUT') return answerJson(response, { state: 'running' });
      if (request.method === 'GET') return response.write(line({ progress }), () => controller.abort());
      setTimeout(() => {
        stopped = true;
        answerJson(response, {});
      }, 100);
    });
    await expect(run({ signal: controller.signal })).rejects.toMatchObject({
      code: 'call.aborted',
      context: {},
    });
    expect(stopped).toBe(true);
    expect(agent.asked.at(-1)).toBe('DELETE /api/v1/copies/cyc_1-a');
  });

  it('is left alone when the job goes on elsewhere', async () => {
    const controller = new AbortController();
    const disowned = new MigrationError('job.disowned', 'The appliance shuts down.');
    await agent.listen(
      following((_, response) => response.write(line({ progress }), () => controller.abort(disowned))),
    );
    await expect(run({ signal: controller.signal })).rejects.toBe(disowned);
    expect(agent.of('DELETE')).toEqual([]);
  });

  it('says so when the VMA cannot be told to stop', async () => {
    const controller = new AbortController();
    await agent.listen(
      following((_, response) =>
        response.write(line({ progress }), () => {
          void agent.vanish();
          controller.abort();
        }),
      ),
    );
    await expect(run({ signal: controller.signal })).rejects.toMatchObject({
      code: 'call.aborted',
      context: { unreachable: true, vmaId: LYING_VMA },
    });
  });

  it('has no journal where there is none to read', async () => {
    await agent.listen((_, response) => response.end('not a journal'));
    const copies = new AgentCopies(agent.client, sources, LYING_VMA, 'conn_1');
    await expect(copies.journal('c', { signal: calm() })).rejects.toMatchObject({ code: 'copy.incomplete' });
  });

  it('is forgotten with all of its cycle', async () => {
    await agent.listen((_, response) => response.writeHead(204).end());
    await new AgentCopies(agent.client, sources, LYING_VMA, 'conn_1').forgetAll('cyc_1', { signal: calm() });
    expect(agent.asked).toEqual(['DELETE /api/v1/copies?prefix=cyc_1']);
  });
});
