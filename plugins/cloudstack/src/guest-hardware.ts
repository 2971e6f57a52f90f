import type { CloudstackPlacement } from './settings.js';

/**
 * What a guest finds its disk and its network on. Windows has no virtio drivers of its own, so without a choice it gets
 * what it can boot from; everything else has had virtio for many years.
 */
export function guestHardware(
  guestOs: string | undefined,
  { rootDiskController, nicAdapter }: Pick<CloudstackPlacement, 'rootDiskController' | 'nicAdapter'>,
): { readonly rootDiskController: string; readonly nicAdapter: string } {
  const isWindows = /windows/i.test(guestOs ?? '');
  return {
    rootDiskController: rootDiskController ?? (isWindows ? 'sata' : 'virtio'),
    nicAdapter: nicAdapter ?? (isWindows ? 'e1000' : 'virtio'),
  };
}
