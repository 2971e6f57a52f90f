import { AGENT_PROOF_PATH as PROTOCOL_PATH, AgentProof, agentPaths } from '@ossea/agent-protocol';
import { AGENT_PROOF_PATH, generateKeyPair, verifyAgentProof } from '@ossea/tunnel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { VmaSite } from './vma-site.js';

/* How a VMA proves at its API which VMA it is: to a tunnel server that knows it by a loopback port only. */

const NONCE = 'abcdefghijklmnopqrstu_-1';

let site: VmaSite;
beforeEach(async () => {
  site = await VmaSite.start();
});
afterEach(() => site[Symbol.asyncDispose]());

it('signs a nonce with the key of its tunnel, for its own id, for whoever asks', async () => {
  // two rooms that may not see each other name it
  expect(PROTOCOL_PATH).toBe(AGENT_PROOF_PATH);
  const { vma, config } = await site.connectedVma();
  const { publicKey } = await new StateFiles(config.stateDir).keyPair();
  const answer = await fetch(`http://127.0.0.1:${vma.apiPort}${agentPaths.proof(NONCE)}`);
  expect(answer.status).toBe(200);
  // the tunnel server reads no other framing
  expect(answer.headers.get('content-length')).toMatch(/^\d+$/);
  const { signature } = AgentProof.parse(await answer.json());
  expect(verifyAgentProof(publicKey, 'vma_1', NONCE, signature)).toBe(true);
  expect(verifyAgentProof(publicKey, 'vma_2', NONCE, signature)).toBe(false);
  expect(verifyAgentProof(publicKey, 'vma_1', `${NONCE}x`, signature)).toBe(false);
  expect(verifyAgentProof(generateKeyPair().publicKey, 'vma_1', NONCE, signature)).toBe(false);
});

it('signs nothing but nonces, and only so many', async () => {
  const { vma } = await site.connectedVma();
  const at = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${vma.apiPort}${path}`, { method });
  const odd = [
    '',
    'a'.repeat(21),
    'a'.repeat(65),
    `${'a'.repeat(22)}|x`,
    `${'a'.repeat(22)}\n`,
    'ä'.repeat(22),
  ];
  for (const nonce of odd) expect((await at(agentPaths.proof(nonce))).status, nonce).toBe(400);
  for (const query of ['', `?nonce=${NONCE}&nonce=${NONCE}`, `?nonce=${NONCE}&more=1`])
    expect((await at(`${AGENT_PROOF_PATH}${query}`)).status, query).toBe(400);
  expect((await at(agentPaths.proof(NONCE), 'POST')).status).toBe(401);
  const flood = await Promise.all(Array.from({ length: 600 }, () => at(agentPaths.proof(NONCE))));
  expect(flood.some(({ status }) => status === 429)).toBe(true);
});

it('proves nothing before it is somebody’s VMA', async () => {
  const vma = await site.startVma(await site.config());
  expect((await fetch(`http://127.0.0.1:${vma.apiPort}${agentPaths.proof(NONCE)}`)).status).toBe(404);
});
