import { expect, it } from 'vitest';
import {
  AGENT_TOKEN_SECONDS,
  generateAgentKeyPair,
  signAgentToken,
  verifyAgentToken,
} from './agent-token.js';

const oma = generateAgentKeyPair();
const now = 1_700_000_000_000;

it('is good for its VMA, now', () => {
  expect(verifyAgentToken(signAgentToken(oma.privateKey, 'vma_1', now), oma.publicKey, 'vma_1', now)).toBe(
    true,
  );
});

const token = signAgentToken(oma.privateKey, 'vma_1', now);
const [header, payload, signature] = token.split('.') as [string, string, string];
const forged = Buffer.from(
  JSON.stringify({ aud: 'vma_2', iat: 1_700_000_000, exp: 1_700_000_060, jti: 'x' }),
);

it.each([
  ['of another VMA', token, oma.publicKey, 'vma_2', now],
  ['of another OMA', token, generateAgentKeyPair().publicKey, 'vma_1', now],
  ['that is too old', token, oma.publicKey, 'vma_1', now + (AGENT_TOKEN_SECONDS + 31) * 1000],
  ['of the future', token, oma.publicKey, 'vma_1', now - 31_000],
  [
    'with other claims',
    `${header}.${forged.toString('base64url')}.${signature}`,
    oma.publicKey,
    'vma_2',
    now,
  ],
  ['without a signature', `${header}.${payload}.`, oma.publicKey, 'vma_1', now],
  [
    'that names no algorithm',
    `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`,
    oma.publicKey,
    'vma_1',
    now,
  ],
  ['that is none', 'x', oma.publicKey, 'vma_1', now],
  ['for a key that is none', token, 'not a key', 'vma_1', now],
])('refuses a token %s', (_what, text, key, vma, at) => {
  expect(verifyAgentToken(text, key, vma, at)).toBe(false);
});
