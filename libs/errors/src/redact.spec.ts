import { expect, it } from 'vitest';
import { MigrationError, redact, redactDeep, toProblem } from './index.js';

const CANARY = 'c4n4ry-5ecret';

it.each([
  `https://root:${CANARY}@vcenter/sdk`,
  `password=${CANARY}`,
  `"apiKey": "${CANARY}"`,
  `Authorization: Bearer ${CANARY}xyz`,
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}\n-----END OPENSSH PRIVATE KEY-----`,
  `pairing-code: ${CANARY}`,
  `password="two words ${CANARY}"`,
  `'api_key': 'two words ${CANARY}'`,
  `vmware_soap_session=${CANARY}`,
  `Cookie: ${CANARY}`,
  `nbdkit: debug: config key=password, value=two words ${CANARY}`,
])('masks %s', (text) => expect(redact(text)).not.toContain(CANARY));

it('leaves ordinary text alone', () => {
  expect(redact('disk vda: 4096 bytes at offset 12')).toBe('disk vda: 4096 bytes at offset 12');
});

it('masks by name at any depth', () => {
  expect(JSON.stringify(redactDeep({ a: [{ vcPassword: CANARY, user: 'root' }] }))).toBe(
    '{"a":[{"vcPassword":"[redacted]","user":"root"}]}',
  );
});

it('a problem document never carries a credential of its message', () => {
  expect(
    JSON.stringify(toProblem(new MigrationError('auth.rejected', `login with password=${CANARY} failed`))),
  ).not.toContain(CANARY);
});
