import type { CallSignal } from '@ossea/process';
import { diskDeviceId, diskTop, diskTopNode, isQmpRefusal, type QmpClient } from '@ossea/qemu';

/** Gives a running machine a disk, made of the same nodes as those it was started with. */
export async function plugDisk(
  qmp: QmpClient,
  disk: { readonly key: string; readonly file: string; readonly serial: string },
  call: CallSignal,
): Promise<void> {
  const nodes = [
    { driver: 'file', filename: disk.file, 'node-name': `${disk.key}-file`, discard: 'unmap' },
    { driver: 'raw', 'node-name': disk.key, discard: 'unmap', file: `${disk.key}-file` },
    diskTop(disk.key),
  ];
  for (const node of nodes) await qmp.execute('blockdev-add', node, call);
  await qmp.execute(
    'device_add',
    {
      driver: 'virtio-blk-pci',
      id: diskDeviceId(disk.key),
      drive: diskTopNode(disk.key),
      serial: disk.serial,
    },
    call,
  );
}

/** Asks the guest for a disk; false when it did not let go in time. */
export async function unplugDisk(
  qmp: QmpClient,
  key: string,
  { signal, waitMs }: CallSignal & { readonly waitMs: number },
): Promise<boolean> {
  const device = diskDeviceId(key);
  const gone = qmp.waitForEvent(
    ({ event, data }) => event === 'DEVICE_DELETED' && data['device'] === device,
    { timeoutMs: waitMs, signal },
  );
  try {
    await qmp.execute('device_del', { id: device }, { signal });
  } catch (error) {
    // an earlier attempt that failed got as far as this after all
    if (isQmpRefusal(error, /not found/i)) return true;
    throw error;
  }
  if (
    !(await gone.then(
      () => true,
      () => false,
    ))
  )
    return false;
  for (const node of [diskTopNode(key), key, `${key}-file`])
    await qmp.execute('blockdev-del', { 'node-name': node }, { signal });
  return true;
}
