import { expect, it } from 'vitest';
import { vddkSchema } from './transport-settings.js';
import { judge } from './vddk-inspection.js';

const settings = vddkSchema.parse({ libdir: '/opt/vddk' });
const GOOD = {
  version: '1.42.3',
  vddk_default_libdir: '/usr/lib64/vmware-vix-disklib',
  vddk_has_nfchostport: '1',
  vddk_library_version: '8',
  vddk_dll: '/opt/vddk/lib64/libvixDiskLib.so.8.0.3',
  vddk_transport_modes: 'file:san:hotadd:nbdssl:nbd',
  VixDiskLib_QueryAllocatedBlocks: '1',
};
const facts = (...without: (keyof typeof GOOD)[]) =>
  new Map(Object.entries(GOOD).filter(([name]) => !(without as string[]).includes(name)));

it('tells the versions, of the library as exactly as its file does', () => {
  expect(judge(facts(), settings)).toEqual({
    usable: true,
    pluginVersion: '1.42.3',
    libraryVersion: '8.0.3',
    transportModes: ['file', 'san', 'hotadd', 'nbdssl', 'nbd'],
  });
  expect(judge(facts('vddk_dll'), settings)).toMatchObject({ libraryVersion: '8' });
  expect(judge(facts('vddk_transport_modes'), settings)).toMatchObject({ usable: true, transportModes: [] });
});

it.each([
  [facts('vddk_default_libdir'), /does not read VMware's disks/],
  [facts('vddk_has_nfchostport'), /nbdkit-vddk-plugin 1\.42\.3 is too old/],
  [facts('vddk_library_version'), /no VDDK in "\/opt\/vddk".*proprietary/],
  [facts('VixDiskLib_QueryAllocatedBlocks'), /older than 6\.7.*two vSphere releases/],
  [new Map([...facts(), ['vddk_library_version', '5']]), /older than 6\.7/],
  [new Map([...facts(), ['vddk_transport_modes', 'file']]), /transport modes file, none of which/],
])('says what is wrong with an installation (%#)', (dump, because) => {
  expect(judge(dump, settings)).toMatchObject({
    usable: false,
    because: expect.stringMatching(because) as string,
  });
});
