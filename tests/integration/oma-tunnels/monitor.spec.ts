import 'reflect-metadata';
import net from 'node:net';
import { join } from 'node:path';
import { enrolMessage, EnrolAnswer } from '@ossea/agent-protocol';
import { Backoff, TunnelClient, exchangeEnrolment, fingerprint, generateKeyPair } from '@ossea/tunnel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TunnelMonitor } from '../../../apps/oma/src/tunnels/tunnel-monitor.js';
import { VmasService } from '../../../apps/oma/src/tunnels/vmas.service.js';
import { startOmaRoom, type OmaRoom } from '../../contract/oma-room.js';
import { until } from '../../stack/probe.js';

/* A VMA whose SSH connection is alive and whose agent says nothing: only an end-to-end question finds that out. */

const requester = { name: 'test', correlationId: 'cor-test' };
let oma: OmaRoom;
let agent: net.Server;
let client: TunnelClient;
let vmaId: string;
const calls = new Set<net.Socket>();

beforeEach(async () => {
  oma = await startOmaRoom();
  const agentPath = join(oma.directory, 'silent.sock');
  agent = net.createServer((socket) => {
    calls.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => calls.delete(socket));
  });
  await new Promise<void>((resolve) => agent.listen(agentPath, resolve));
  const vmas = oma.room.get(VmasService);
  const { code, hostKeyFingerprint, tunnelPort } = await vmas.createPairingCode(requester);
  const { privateKey, publicKey } = generateKeyPair();
  const dial = { host: '127.0.0.1', port: tunnelPort, privateKey, hostKeyFingerprint };
  const answer = await exchangeEnrolment(
    dial,
    enrolMessage(code, 'silent', '1'),
    AbortSignal.timeout(15_000),
  );
  vmaId = EnrolAnswer.parse(answer).vmaId;
  await vmas.approve(vmaId, { fingerprint: fingerprint(publicKey) }, requester);
  client = new TunnelClient({
    ...dial,
    nbdSocketPath: join(oma.directory, 'n.sock'),
    agent: { path: agentPath },
    backoff: () => new Backoff(50, 200),
  });
  await client.start();
  await until('it is connected', () => vmas.isConnected(vmaId));
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  for (const socket of calls) socket.destroy();
  agent.close();
  await oma[Symbol.asyncDispose]();
});

it('cuts a tunnel that carries nothing after three probes, so that it comes anew; both are facts', async () => {
  const monitor = oma.room.get(TunnelMonitor);
  const vmas = oma.room.get(VmasService);
  const since = (await vmas.get(vmaId)).connectedSince;
  await monitor.probeAll();
  await monitor.probeAll();
  expect((await vmas.get(vmaId)).connectedSince).toBe(since);
  await monitor.probeAll();
  await until('it has come anew', async () => {
    const { connected, connectedSince } = await vmas.get(vmaId);
    return connected && connectedSince !== since;
  });
  // what has just been silent is on trial until it answers
  const story = ['up', 'degraded', 'half-open', 'down', 'degraded'].map(
    (state) => `tunnel.${state} ${vmaId}`,
  );
  await until('the facts are told', () => oma.facts.filter((fact) => fact.startsWith('tunnel.')).length >= 5);
  expect(oma.facts.filter((fact) => fact.startsWith('tunnel.'))).toEqual(story);
});
