import { describe, expect, it } from 'vitest';
import { decideWork, type DiskLineage, type SealedLineage } from './decide-work.js';

const disk: DiskLineage = {
  hostId: 'h',
  vmId: 'v',
  diskKey: 'vda',
  backing: '/d/vda.qcow2#7',
  sizeBytes: 1 << 20,
};
const sealed: SealedLineage = { ...disk, changeToken: 'token-1', token: 'token-1', generation: 3 };

describe('a disk is copied incrementally', () => {
  it('when everything matches the last sealed recovery point', () => {
    expect(decideWork(disk, sealed, 3, true).kind).toBe('incremental');
  });
});

describe('a disk is copied in full', () => {
  it.each([
    ['hostId', 'other', 'host-changed'],
    ['vmId', 'other', 'vm-changed'],
    ['diskKey', 'vdb', 'disk-new'],
    ['backing', '/d/new.qcow2#8', 'backing-changed'],
    ['sizeBytes', 2 << 20, 'capacity-changed'],
  ] as const)('when %s differs', (field, value, reason) => {
    expect(decideWork({ ...disk, [field]: value }, sealed, 3, true)).toEqual({ kind: 'full', reason });
  });

  it.each([
    ['first-cycle', undefined, 3, true],
    ['target-changed', sealed, 4, true],
    ['no-change-token', { ...sealed, changeToken: null }, 3, true],
    ['no-change-token', { ...sealed, changeToken: '' }, 3, true],
    ['tracking-reset', { ...sealed, token: undefined }, 3, true],
    ['no-change-tracking', sealed, 3, false],
  ] as const)('for the reason %s', (reason, last, generation, canTrack) => {
    expect(decideWork(disk, last, generation, canTrack)).toEqual({ kind: 'full', reason });
  });
});
