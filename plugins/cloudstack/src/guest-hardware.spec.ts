import { expect, it } from 'vitest';
import { guestHardware } from './guest-hardware.js';

it.each([
  ['Debian GNU/Linux 12 (64-bit)', {}, 'virtio', 'virtio'],
  [undefined, {}, 'virtio', 'virtio'],
  ['Microsoft Windows Server 2019 (64-bit)', {}, 'sata', 'e1000'],
  ['Microsoft Windows Server 2019 (64-bit)', { rootDiskController: 'virtio' }, 'virtio', 'e1000'],
  ['Debian', { nicAdapter: 'e1000' }, 'virtio', 'e1000'],
] as const)('of %s with %o', (guestOs, chosen, rootDiskController, nicAdapter) => {
  expect(guestHardware(guestOs, chosen)).toEqual({ rootDiskController, nicAdapter });
});
