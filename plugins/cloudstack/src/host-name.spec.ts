import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hostNameOf } from './host-name.js';

it.each([
  ['web-01', 'web-01'],
  ['Web Server (old)', 'Web-Server-old'],
  ['2019-dc', 'dc'],
  ['-_-', 'machine'],
  ['Zürich_db', 'Zu-rich-db'],
  ['', 'machine'],
  ['日本', 'machine'],
  ['a'.repeat(80), 'a'.repeat(63)],
])('of %j is %j', (name, host) => {
  expect(hostNameOf(name)).toBe(host);
});

it('is one that CloudStack takes, whatever the machine is called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(hostNameOf(name)).toMatch(/^[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/);
    }),
  );
});
