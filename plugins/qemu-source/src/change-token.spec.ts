import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatToken, parseToken } from './change-token.js';

it('reads what it wrote, whatever machine and disk are called', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (vm, disk) => {
      const token = formatToken({ vm, disk, stamp: '0123456789' });
      expect(parseToken(token, vm, disk).stamp).toBe('0123456789');
    }),
  );
});

it('never takes anything else for a token', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => parseToken(text, 'vm', 'vda')).toThrow(
        expect.objectContaining({ code: 'tracking.reset' }),
      );
    }),
  );
});
