import { expect, it } from 'vitest';
import { accountSchema, volumeSchema, zoneSchema } from './index.js';

it('reads a volume as a server writes it: unknown fields, text for numbers, dates without a colon', () => {
  expect(
    volumeSchema.parse({
      id: 'v',
      name: 'data',
      type: 'DATADISK',
      state: 'Ready',
      size: '1073741824',
      deviceid: 1,
      created: '2022-06-24T07:45:36+0200',
      deleteprotection: 'false',
      novelty: { of: 'a later release' },
    }),
  ).toMatchObject({
    size: 1_073_741_824,
    deviceid: 1,
    created: new Date('2022-06-24T05:45:36Z'),
    deleteprotection: false,
    tags: [],
  });
});

it('leaves out a date that cannot be read, and refuses an object without what it is known by', () => {
  expect(volumeSchema.parse({ id: 'v', type: 'ROOT', state: 'Ready', created: 'soon' }).created).toBe(
    undefined,
  );
  expect(zoneSchema.safeParse({ name: 'no id' }).success).toBe(false);
});

it('reads what is left of a limit: a number, or no limit', () => {
  const account = accountSchema.parse({
    id: 'a',
    name: 'ops',
    volumeavailable: 'Unlimited',
    snapshotavailable: '12',
    vmavailable: -1,
    cpuavailable: 'many',
  });
  expect(account.volumeavailable).toBe(Number.POSITIVE_INFINITY);
  expect(account.snapshotavailable).toBe(12);
  expect(account.vmavailable).toBe(Number.POSITIVE_INFINITY);
  expect(account.cpuavailable).toBe(undefined);
});
