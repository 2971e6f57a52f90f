import { expect, it } from 'vitest';
import { flattenParams } from './params.js';

it('writes lists with commas, maps by index with the case of their keys, and leaves out what is undefined', () => {
  expect(
    flattenParams({
      id: 'a',
      startvm: false,
      size: 3,
      name: undefined,
      ids: ['a', 'b'],
      none: [],
      details: [{ UEFI: 'LEGACY', cpuNumber: 4 }],
      tags: [
        { key: 'k', value: 'v,w' },
        { key: 'l', value: '' },
      ],
    }),
  ).toEqual({
    id: 'a',
    startvm: 'false',
    size: '3',
    ids: 'a,b',
    'details[0].UEFI': 'LEGACY',
    'details[0].cpuNumber': '4',
    'tags[0].key': 'k',
    'tags[0].value': 'v,w',
    'tags[1].key': 'l',
    'tags[1].value': '',
  });
});

it('refuses an item with a comma, which would arrive as two', () => {
  expect(() => flattenParams({ ids: ['a,b'] })).toThrow(expect.objectContaining({ code: 'request.invalid' }));
});

it('takes names that hold half a character', () => {
  expect(flattenParams({ name: 'a\ud800b' })).toEqual({ name: 'a\ufffdb' });
});
