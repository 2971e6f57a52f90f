import { agentPaths, type TunnelReport } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LYING_VMA, LyingAgent, answerJson, answerProblem, cutOff } from './lying-agent.js';
import { TunnelProbe } from './tunnel-probe.js';

const REPORT: TunnelReport = {
  connections: 1,
  expected: 2,
  bytes: 4_711,
  copies: 0,
  toOma: { answer: 'slow', failuresInARow: 0, rttMs: 3_500, storageDaemon: 'absent' },
  restarts: 2,
};

let agent: LyingAgent;
let probe: TunnelProbe;
beforeEach(async () => {
  agent = await LyingAgent.create();
  probe = new TunnelProbe(agent.client);
});
afterEach(() => agent[Symbol.asyncDispose]());

const ask = () => probe.ask(LYING_VMA, new AbortController().signal);

it('measures the way there, and hears how the VMA finds the way back', async () => {
  await agent.listen(({ url }, response) => answerJson(response, url === agentPaths.tunnel ? REPORT : {}));
  const { rttMs, report } = await ask();
  expect(rttMs).toBeGreaterThan(0);
  expect(report).toEqual(REPORT);
});

it.each<[string, unknown]>([
  ['an older release', new MigrationError('resource.not-found', 'No such route.')],
  ['a VMA whose clock is wrong', new MigrationError('access.unauthenticated', 'No.')],
  ['another document', { toOma: { answer: 'perhaps' } }],
])('takes %s for an answer without a report', async (_what, answer) => {
  await agent.listen(({ url }, response) => {
    if (url !== agentPaths.tunnel) answerJson(response, {});
    else if (answer instanceof MigrationError) answerProblem(response, answer);
    else answerJson(response, answer as object);
  });
  expect(await ask()).toEqual({ rttMs: expect.any(Number) as number });
});

it('fails when nobody is there, and when the way breaks between the two questions', async () => {
  await expect(ask()).rejects.toMatchObject({ code: 'tunnel.down' });
  await agent.listen(({ url }, response) => {
    if (url === agentPaths.tunnel) cutOff(response);
    else answerJson(response, {});
  });
  await expect(ask()).rejects.toMatchObject({ code: 'tunnel.down' });
});
