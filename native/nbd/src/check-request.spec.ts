import { DEFAULT_LIMITS } from '@ossea/copy-engine';
import { expect, it } from 'vitest';
import { checkRequest, packRanges } from './check-request.js';

it.each([0, -512, 513, 512.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])(
  'refuses a disk of %s bytes',
  (sizeBytes) => {
    expect(() => checkRequest({ sizeBytes, limits: DEFAULT_LIMITS })).toThrow(
      expect.objectContaining({ code: 'disk.size-invalid' }) as Error,
    );
  },
);

it.each([
  ['connections', 0],
  ['attempts', 1.5],
  ['stallTimeoutMs', -1],
  ['requestBytes', 65_537],
] as const)('refuses the limit %s = %s', (name, value) => {
  const limits = { ...DEFAULT_LIMITS, [name]: value };
  expect(() => checkRequest({ sizeBytes: 512, limits })).toThrow(
    expect.objectContaining({ code: 'request.invalid' }) as Error,
  );
});

it('packs ranges and refuses impossible ones', () => {
  expect([
    ...packRanges([
      { offset: 1, length: 2 },
      { offset: 3, length: 0 },
    ]),
  ]).toEqual([1, 2, 3, 0]);
  for (const range of [
    { offset: -1, length: 1 },
    { offset: 0, length: 0.5 },
    { offset: Number.MAX_SAFE_INTEGER, length: 1 },
  ]) {
    expect(() => packRanges([range])).toThrow(expect.objectContaining({ code: 'request.invalid' }) as Error);
  }
});
