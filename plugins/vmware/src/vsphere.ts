import { MigrationError, isMigrationError } from '@ossea/errors';
import { Turns, type CallOptions, type Logger, type PluginContext } from '@ossea/plugin-sdk';
import { isGone } from './fault-to-error.js';
import { OpenLeases } from './open-leases.js';
import type { VmwareSettings } from './settings.js';
import type { SnapshotLedger } from './snapshot-ledger.js';
import {
  readMany,
  readProperties,
  retrieveObjects,
  type ManagedObjectReference,
  type VimClient,
} from './vim25/index.js';
import type { VmProperties } from './vm-properties.js';

/** Tasks that change the tree of a machine's snapshots (`TaskInfo.descriptionId`; some releases put `vim.` before it). */
const SNAPSHOT_TASKS = new Set([
  'VirtualMachine.createSnapshot',
  'vm.Snapshot.remove',
  'VirtualMachine.removeAllSnapshots',
  'VirtualMachine.consolidateDisks',
  'vm.Snapshot.revert',
]);

/** The vCenter or host that a session works on, and what its parts share. */
export class Vsphere {
  /** One thing after the other on each machine. */
  readonly turns = new Turns();
  /** Disks that are being read, by snapshot. */
  readonly leases = new OpenLeases();
  readonly log: Logger;
  /** Machines that were made to stand still for change tracking by this session: once is enough. */
  readonly stunned = new Set<string>();

  constructor(
    readonly settings: VmwareSettings,
    readonly context: PluginContext,
    readonly client: VimClient,
    readonly ledger: SnapshotLedger,
    /** Tracks the changes: part of what a change token depends on. */
    readonly hostId: string,
  ) {
    this.log = context.log;
  }

  get viaVcenter(): boolean {
    return this.client.content.about.apiType === 'VirtualCenter';
  }

  vmRef(vm: string): ManagedObjectReference<'VirtualMachine'> {
    return { type: 'VirtualMachine', value: vm };
  }

  /** Properties of a machine. Throws `resource.not-found`. */
  async vm<const P extends keyof VmProperties & string>(
    vm: string,
    call: CallOptions,
    paths: readonly P[],
  ): Promise<Pick<VmProperties, P>> {
    try {
      const { props } = await readProperties(this.client, this.vmRef(vm), paths, call);
      return props as Pick<VmProperties, P>;
    } catch (fault) {
      // an id that no XML can hold is no machine's
      const isNoId = isMigrationError(fault) && fault.code === 'request.invalid';
      if (!isGone(fault) && !isNoId) throw fault;
      throw new MigrationError('resource.not-found', 'There is no such machine.', {
        cause: fault,
        context: { vm: vm.slice(0, 80) },
      });
    }
  }

  /** All machines, page by page. */
  vms(paths: readonly string[], call: CallOptions): ReturnType<typeof retrieveObjects> {
    return retrieveObjects(this.client, { type: 'VirtualMachine', paths }, call);
  }

  /** Tasks on snapshots of a machine that are queued or running now. */
  async runningSnapshotTasks(vm: string, call: CallOptions): Promise<ManagedObjectReference<'Task'>[]> {
    const { recentTask: recent = [] } = await this.vm(vm, call, ['recentTask']);
    if (recent.length === 0) return [];
    const running: ManagedObjectReference<'Task'>[] = [];
    for (const { obj, props: task } of await readMany(
      this.client,
      recent,
      ['info.state', 'info.descriptionId'],
      call,
    )) {
      const at = String(task['info.state']);
      if (
        (at === 'running' || at === 'queued') &&
        SNAPSHOT_TASKS.has(String(task['info.descriptionId']).replace(/^vim\./, ''))
      )
        running.push(obj as ManagedObjectReference<'Task'>);
    }
    return running;
  }
}
