import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ourNote, snapshotDescription, snapshotName } from './snapshot-names.js';

const note = { key: 'cyc-1', owner: '5f0c', quiesced: true };

it('knows its own snapshots again, with any key and any reason', () => {
  const key = fc.stringMatching(/^[a-z0-9-]{1,64}$/);
  fc.assert(
    fc.property(key, fc.option(fc.string({ minLength: 1, maxLength: 600 })), (one, because) => {
      const mine = { ...note, key: one, ...(because === null ? {} : { because }) };
      const read = ourNote(snapshotName(one), snapshotDescription(mine));
      expect(read).toEqual({ ...mine, ...(because === null ? {} : { because: because.slice(0, 400) }) });
      expect(snapshotName(one).length).toBeLessThanOrEqual(80);
    }),
  );
});

it.each([
  ['of a person', 'before update', 'made by hand'],
  ['of another product', 'CBT snapshot', '{"product":"other","key":"cyc-1"}'],
  ['with our name only', snapshotName('cyc-1'), 'before update'],
  ['with our description only', 'copy of it', snapshotDescription(note)],
  ['with the description of another of ours', snapshotName('cyc-2'), snapshotDescription(note)],
  ['with a torn description', snapshotName('cyc-1'), snapshotDescription(note).slice(0, -3)],
  ['without a description', snapshotName('cyc-1'), undefined],
])('takes a snapshot %s for a foreign one', (_whose, name, description) => {
  expect(ourNote(name, description)).toBeUndefined();
});
