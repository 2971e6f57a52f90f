import { throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import { setTimeout as later } from 'node:timers/promises';
import { isFault } from './fault-to-error.js';
import { waitForTask } from './vim25/index.js';
import type { Vsphere } from './vsphere.js';

const TRIES = 4;
const FIRST_DELAY_MS = 2_000;

/**
 * Consolidates the disks of a machine where vSphere says that they need it. A file that somebody still has open (a
 * backup proxy, mostly) is tried again a few times; what stays is a concern that the operator sees, not a failure:
 * the snapshot is gone and the copy is good.
 */
export async function consolidate(vsphere: Vsphere, vm: string, call: CallOptions): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const facts = await vsphere.vm(vm, call, ['runtime.consolidationNeeded']);
    if (facts['runtime.consolidationNeeded'] !== true) return;
    try {
      const task = await vsphere.client.call('ConsolidateVMDisks_Task', vsphere.vmRef(vm), {}, call);
      await waitForTask(vsphere.client, task, call);
    } catch (fault) {
      throwIfAborted(call.signal);
      if (!isFault(fault, 'FileLocked', 'CannotAccessFile', 'TaskInProgress', 'ConcurrentAccess')) {
        vsphere.log.warn('The disks of the machine could not be consolidated.', { vm, fault: String(fault) });
        return;
      }
      if (attempt < TRIES)
        await later(FIRST_DELAY_MS * 2 ** (attempt - 1), undefined, { signal: call.signal });
    }
  }
  vsphere.log.warn('The disks of the machine still need consolidation.', { vm });
}
