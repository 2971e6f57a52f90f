import { expect, it } from 'vitest';
import { changeIdSince, formatToken, type TrackedDisk } from './change-token.js';

const EPOCH = '52 2d 7b 8f ac 61 51 cc-77 4c 7b ec 91 50 bb 7b';
const then: TrackedDisk = {
  vm: 'vm-51',
  instance: '5010-a',
  disk: '2000',
  backing: '6000C29f',
  sizeBytes: 1 << 30,
  changeId: `${EPOCH}/3`,
};
const now = { ...then, changeId: `${EPOCH}/9` };

it('counts within one epoch of one disk', () => {
  expect(changeIdSince(formatToken(then), now)).toBe(`${EPOCH}/3`);
});

it.each<[string, Partial<TrackedDisk>, Partial<TrackedDisk>, RegExp]>([
  ['another epoch', {}, { changeId: 'aa bb/1' }, /its epoch was 52 2d .* and is aa bb/],
  ['a disk that was not tracked then', { changeId: '' }, {}, /tracked.*at that time/],
  ['a disk that is not tracked now', {}, { changeId: '' }, /any more/],
  ['another machine under the same id', {}, { instance: '5010-b' }, /another disk/],
  ['another machine', { vm: 'vm-52' }, {}, /another disk/],
  ['another disk', { disk: '2001' }, {}, /another disk/],
  ['a disk that was replaced', {}, { backing: '6000C2aa' }, /replaced/],
  ['a disk that has grown', {}, { sizeBytes: 2 ** 31 }, /1073741824 bytes then and has 2147483648/],
])('is tracking.reset for %s, and says so', (_what, old, changed, words) => {
  const look = () => changeIdSince(formatToken({ ...then, ...old }), { ...now, ...changed });
  expect(look).toThrow(
    expect.objectContaining({ code: 'tracking.reset', message: expect.stringMatching(words) }),
  );
});

it.each(['', 'garbage', '{}', '[1]', `${EPOCH}/3`, `${formatToken(then)}x`])(
  'is tracking.reset for %j, which was never issued',
  (token) => {
    expect(() => changeIdSince(token, now)).toThrow(expect.objectContaining({ code: 'tracking.reset' }));
  },
);
