import { expect, it } from 'vitest';
import { snapshotDescription, snapshotName } from '../snapshot-names.js';
import { chainOf, disk, nic, sampleVm, scsi, type Loose } from '../testing/sample-vm.js';
import type { VmProperties } from '../vm-properties.js';
import { CONCERNS, concern, type ConcernCode } from './concern-table.js';
import { diskConcerns } from './disk-concerns.js';
import { machineConcerns, type HostFacts } from './machine-concerns.js';

const HOST: HostFacts = {
  name: 'esx-1',
  inMaintenanceMode: false,
  product: { version: '8.0.3', build: '24022510' },
};
const concernsOf = (vm: VmProperties, host: HostFacts = HOST) => [
  ...machineConcerns(vm, host),
  ...diskConcerns(vm),
];
const device = ($type: string, more: object = {}): Loose => ({ $type, key: 13_000, ...more });
const many = (count: number) => chainOf(Array.from({ length: count }, (_, i) => ({ name: `s${i}` })));
const ours = {
  name: snapshotName('k-1'),
  description: snapshotDescription({ key: 'k-1', owner: 'o', quiesced: false }),
};

it('says nothing about a healthy machine, with a snapshot of ours or without', () => {
  expect(concernsOf(sampleVm())).toEqual([]);
  expect(concernsOf(sampleVm({ snapshot: chainOf([ours]) }))).toEqual([]);
});

/** What makes each concern: one machine a row, and words that its message must have. */
const FIXTURES: readonly (readonly [ConcernCode, VmProperties, RegExp, HostFacts?])[] = [
  [
    'disk.physical-rdm',
    sampleVm({}, [
      scsi(),
      disk({ $type: 'VirtualDiskRawDiskMappingVer1BackingInfo', compatibilityMode: 'physicalMode' }),
    ]),
    /"Hard disk 1".*physical/,
  ],
  [
    'disk.physical-rdm',
    sampleVm({}, [
      scsi(),
      disk({ $type: 'VirtualDiskRawDiskVer2BackingInfo', fileName: undefined, datastore: undefined }),
    ]),
    /raw disk/,
  ],
  [
    'disk.virtual-rdm',
    sampleVm({}, [
      scsi(),
      disk({ $type: 'VirtualDiskRawDiskMappingVer1BackingInfo', compatibilityMode: 'virtualMode' }),
    ]),
    /virtual mode/,
  ],
  [
    'disk.independent',
    sampleVm({}, [scsi(), disk({ diskMode: 'independent_persistent' })]),
    /independent_persistent/,
  ],
  [
    'disk.independent',
    sampleVm({}, [scsi(), disk({ diskMode: 'independent_nonpersistent' })]),
    /nonpersistent/,
  ],
  ['disk.shared', sampleVm({}, [scsi(), disk({ sharing: 'sharingMultiWriter' })]), /sharingMultiWriter/],
  ['disk.shared', sampleVm({}, [scsi({ sharedBus: 'physicalSharing' }), disk()]), /physicalSharing/],
  [
    'disk.encrypted',
    sampleVm({}, [scsi(), disk({ keyId: { $type: 'CryptoKeyId', keyId: 'k' } })]),
    /encrypted/,
  ],
  ['disk.size-invalid', sampleVm({}, [scsi(), disk({}, { capacityInBytes: 1000 })]), /1000 bytes/],
  ['disk.no-datastore', sampleVm({}, [scsi(), disk({ datastore: undefined })]), /datastore of "Hard disk 1"/],
  ['device.passthrough', sampleVm({}, [scsi(), disk(), device('VirtualPCIPassthrough')]), /passed through/],
  ['device.passthrough', sampleVm({}, [scsi(), disk(), device('VirtualSCSIPassthrough')]), /passed through/],
  [
    'device.sriov',
    sampleVm({}, [scsi(), disk(), nic({ $type: 'VirtualSriovEthernetCard' })]),
    /virtual function/,
  ],
  ['device.usb', sampleVm({}, [scsi(), disk(), device('VirtualUSB')]), /USB/],
  ['machine.fault-tolerance', sampleVm({ 'config.ftInfo': { role: 1 } }), /Fault Tolerance/],
  ['machine.fault-tolerance', sampleVm({ 'runtime.faultToleranceState': 'running' }), /running/],
  ['machine.not-connected', sampleVm({ 'runtime.connectionState': 'inaccessible' }), /inaccessible/],
  ['machine.template', sampleVm({ 'config.template': true }), /template/],
  ['machine.hardware-version', sampleVm({ 'config.version': 'vmx-04' }), /vmx-04/],
  ['machine.hardware-version', sampleVm({ 'capability.changeTrackingSupported': false }), /cannot track/],
  ['machine.consolidation-needed', sampleVm({ 'runtime.consolidationNeeded': true }), /consolidation/],
  ['machine.vtpm', sampleVm({}, [scsi(), disk(), device('VirtualTPM')]), /TPM/],
  [
    'machine.secure-boot',
    sampleVm({ 'config.bootOptions': { efiSecureBootEnabled: true } as never }),
    /secure boot/,
  ],
  ['snapshots.foreign', sampleVm({ snapshot: chainOf([{ name: 'before update' }]) }), /"before update"/],
  [
    'snapshots.foreign',
    sampleVm({ snapshot: chainOf([ours, { name: snapshotName('k-2') }]) }),
    /replication-k-2/,
  ],
  ['snapshots.too-many', sampleVm({ snapshot: many(29) }), /29 snapshots/],
  ['tracking.off', sampleVm({ 'config.changeTrackingEnabled': false }), /is off/],
  [
    'tracking.off-for-disk',
    sampleVm({ 'config.extraConfig': [{ key: 'SCSI0:0.CTKENABLED', value: 'FALSE' }] }),
    /"Hard disk 1".*scsi0:0\.ctkEnabled/,
  ],
  [
    'tracking.unreliable',
    sampleVm(),
    /esx-1.*KB 2136854/,
    { ...HOST, product: { version: '6.0.0', build: '3073146' } },
  ],
  ['tools.not-running', sampleVm({ 'guest.toolsRunningStatus': 'guestToolsNotRunning' }), /Tools/],
  ['host.maintenance', sampleVm(), /esx-1.*maintenance/, { ...HOST, inMaintenanceMode: true }],
];

it.each(FIXTURES.map((row) => ({ row, name: row[0] })))('$name', ({ row: [code, vm, words, host] }) => {
  const told = concernsOf(vm, host).filter((one) => one.code === code);
  expect(told).toHaveLength(1);
  expect(told[0]).toEqual({ code, ...CONCERNS[code], message: expect.stringMatching(words) });
});

it('has a fixture for every concern that a machine itself can raise, and a remedy for all', () => {
  // what the account may do is asked of the server: tests/integration/vmware
  const elsewhere = ['account.lacks-privilege'];
  const raised = [...new Set(FIXTURES.map(([code]) => code)), ...elsewhere];
  expect(raised.toSorted()).toEqual(Object.keys(CONCERNS).toSorted());
  for (const code of Object.keys(CONCERNS) as ConcernCode[])
    expect(concern(code, 'It is so.').remedy.length).toBeGreaterThan(20);
});

it('does not ask for tools of a machine that is off, nor count 28 snapshots as too many', () => {
  const off = sampleVm({
    'runtime.powerState': 'poweredOff',
    'guest.toolsRunningStatus': 'guestToolsNotRunning',
  });
  expect(concernsOf(off)).toEqual([]);
  expect(concernsOf(sampleVm({ snapshot: many(28) })).map(({ code }) => code)).toEqual(['snapshots.foreign']);
});

it('takes hosts of the releases with the fix, and later ones, at their word', () => {
  for (const product of [
    { version: '6.0.0', build: '3247720' },
    { version: '6.7.0', build: '8169922' },
    { version: '9.0.0', build: '1' },
  ])
    expect(concernsOf(sampleVm(), { ...HOST, product })).toEqual([]);
});
