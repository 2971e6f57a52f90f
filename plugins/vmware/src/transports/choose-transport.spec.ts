import { expect, it } from 'vitest';
import { chooseTransport, describeChoice, describeReaders } from './choose-transport.js';
import type { DiskTransport, SnapshotDisk } from './disk-transport.js';

const disk = { label: 'Hard disk 1' } as SnapshotDisk;
const transport = (id: string, because?: string): DiskTransport => ({
  id,
  assess: () => (because === undefined ? { usable: true } : { usable: false, because }),
  open: () => Promise.reject(new Error('not here')),
});

it('takes the first that can, and keeps the reasons of all that cannot', () => {
  const transports = [
    transport('vddk', 'it is not set up.'),
    transport('datastore'),
    transport('nbdkit', 'no.'),
  ];
  const choice = chooseTransport(transports, disk);
  expect(choice.chosen).toBe(transports[1]);
  expect(choice.refused).toEqual([
    { id: 'vddk', because: 'it is not set up.' },
    { id: 'nbdkit', because: 'no.' },
  ]);
  expect(describeChoice(choice, disk)).toEqual({
    code: 'disk.reader',
    severity: 'information',
    message:
      '"Hard disk 1" is read by the datastore over HTTPS. VDDK cannot: it is not set up. The configured nbdkit plugin cannot: no.',
    remedy: 'Nothing needs to be done, unless another way of reading is wanted.',
  });
});

it('is brief where nothing stands in the way', () => {
  expect(describeReaders([transport('vddk'), transport('datastore')], [disk])).toEqual([
    {
      code: 'disk.reader',
      severity: 'information',
      message: '"Hard disk 1" is read by VDDK.',
      remedy: 'Nothing needs to be done.',
    },
  ]);
});

it('blocks when nobody can read it, with the reason of each', () => {
  const choice = chooseTransport([transport('vddk', 'one.'), transport('other', 'two.')], disk);
  expect('chosen' in choice).toBe(false);
  expect(describeChoice(choice, disk)).toMatchObject({
    code: 'disk.no-reader',
    severity: 'blocker',
    message: 'Nothing here can read "Hard disk 1". VDDK cannot: one. Other cannot: two.',
  });
  expect(describeChoice(chooseTransport([], disk), disk).message).toMatch(/No reader is configured\.$/);
});
