import { expect, it } from 'vitest';
import { scrubStderr } from './scrub-stderr.js';

const CANARY = 'c4n4ry 5ecret';

it.each([
  `nbdkit: debug: vddk: config key=password, value=${CANARY}`,
  `nbdkit: debug: curl: config key=proxy-password, value=${CANARY}`,
  `nbdkit: debug: curl: config key=cookie, value=a=${CANARY}`,
  `nbdkit: debug: curl: config key=header, value=Authorization: ${CANARY}`,
  `< Set-Cookie: vmware_soap_session="${CANARY}"; Path=/; HttpOnly`,
  `> Cookie: vmware_soap_session="${CANARY}"`,
  `VixDiskLib: session vmware_soap_session="${CANARY}" is used`,
  `password="${CANARY.replace(' ', '')}"`,
])('masks %s', (line) => {
  for (const part of CANARY.split(' ')) expect(scrubStderr(`before\n${line}\nafter`)).not.toContain(part);
  expect(scrubStderr(`before\n${line}\nafter`)).toMatch(/^before\n[^]*\[redacted\][^]*\nafter$/);
});

it('masks the ticket of an NFC session', () => {
  const line = 'SKIPZ-vpxa-nfc://[ds] a.vmdk@esx1:902!52 f4 6e 13 a3 15 5a d4-ed 96 8e 46 60 0a 44 f3';
  expect(scrubStderr(line)).toBe('SKIPZ-vpxa-nfc://[ds] a.vmdk@esx1:902![redacted]');
});

it('leaves everything else alone', () => {
  const line = 'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] a.vmdk: A file was not found';
  expect(scrubStderr(line)).toBe(line);
});
