import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import { snapshotDescription, snapshotName } from './snapshot-names.js';
import { waitForTask, type ManagedObjectReference } from './vim25/index.js';
import { backingOf, disksOf } from './virtual-disks.js';
import { powerStateOf, snapshotsOf, type VmProperties } from './vm-properties.js';
import type { Vsphere } from './vsphere.js';

const STUN_KEY = 'enable-tracking';

/** Switches changed block tracking of machines on and off, and remembers which of them we have switched on. */
export class TrackingSwitch {
  private constructor(
    private readonly vsphere: Vsphere,
    private readonly directory: string,
  ) {}

  static async open(vsphere: Vsphere): Promise<TrackingSwitch> {
    const directory = join(vsphere.context.scratchDir, 'tracking');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new TrackingSwitch(vsphere, directory);
  }

  /**
   * On a running machine the change takes effect when it stands still for a moment, as it does for a snapshot
   * (VMware KB 1020128): so one is taken and removed, once. A machine without tracking is not refused: its cycles
   * are full ones, and its concerns say why.
   */
  on(vm: string, call: CallOptions): Promise<void> {
    return this.vsphere.turns.take(vm, async () => {
      throwIfAborted(call.signal);
      const facts = await this.facts(vm, call);
      if (facts['capability.changeTrackingSupported'] === false) {
        this.vsphere.log.warn(
          'The virtual hardware of the machine cannot track changes: its cycles are full ones.',
          {
            vm,
          },
        );
        return;
      }
      if (facts['config.changeTrackingEnabled'] !== true) {
        await this.mark(vm);
        await this.reconfigure(vm, true, call);
        this.vsphere.stunned.delete(vm);
      } else if (isTracked(facts)) return;
      // a foreign snapshot is a concern of its own; beside one of ours another cycle is at work
      const running = powerStateOf(facts['runtime.powerState']) === 'running';
      if (!running || snapshotsOf(facts).length > 0 || this.vsphere.stunned.has(vm)) return;
      await this.stun(vm);
      this.vsphere.stunned.add(vm);
    });
  }

  /** Leaves tracking on where it was on before we came. */
  off(vm: string, call: CallOptions): Promise<void> {
    return this.vsphere.turns.take(vm, async () => {
      throwIfAborted(call.signal);
      const facts = await this.facts(vm, call);
      if (facts['config.changeTrackingEnabled'] === true) {
        if (!(await this.isMarked(vm))) {
          this.vsphere.log.info('Change tracking stays on: it was on before.', { vm });
          return;
        }
        await this.reconfigure(vm, false, call);
      }
      this.vsphere.stunned.delete(vm);
      await rm(this.path(vm), { force: true });
    });
  }

  private facts(vm: string, call: CallOptions): Promise<Facts> {
    return this.vsphere.vm(vm, call, FACTS);
  }

  private async reconfigure(vm: string, changeTrackingEnabled: boolean, call: CallOptions): Promise<void> {
    const { client } = this.vsphere;
    const spec = { spec: { changeTrackingEnabled } };
    await waitForTask(client, await client.call('ReconfigVM_Task', this.vsphere.vmRef(vm), spec, call), call);
  }

  /** To its end, whoever leaves meanwhile: a cancelled cycle leaves no snapshot. */
  private async stun(vm: string): Promise<void> {
    const { client, ledger } = this.vsphere;
    const patient = { signal: new AbortController().signal };
    const note = { key: STUN_KEY, owner: ledger.owner, quiesced: false };
    const named = { name: snapshotName(STUN_KEY), description: snapshotDescription(note) };
    const how = { ...named, memory: false, quiesce: false };
    const creating = await client.call('CreateSnapshot_Task', this.vsphere.vmRef(vm), how, patient);
    const made = (await waitForTask(
      client,
      creating,
      patient,
    )) as ManagedObjectReference<'VirtualMachineSnapshot'>;
    const away = { removeChildren: false, consolidate: true };
    await waitForTask(client, await client.call('RemoveSnapshot_Task', made, away, patient), patient);
  }

  private async mark(vm: string): Promise<void> {
    await writeFile(this.path(vm), '', { mode: 0o600, flush: true });
  }

  private isMarked(vm: string): Promise<boolean> {
    return access(this.path(vm)).then(
      () => true,
      () => false,
    );
  }

  /** Ids of machines may hold anything. */
  private path(vm: string): string {
    return join(this.directory, createHash('sha256').update(vm).digest('hex').slice(0, 32));
  }
}

const FACTS = [
  'config.changeTrackingEnabled',
  'config.hardware',
  'capability.changeTrackingSupported',
  'runtime.powerState',
  'snapshot',
] as const;
type Facts = Pick<VmProperties, (typeof FACTS)[number]>;

/** Whether every disk that a snapshot holds has a change id: only then does tracking really work. */
function isTracked(facts: Facts): boolean {
  return disksOf(facts)
    .map(backingOf)
    .filter(({ diskMode = '' }) => !diskMode.startsWith('independent'))
    .every(({ changeId }) => changeId !== undefined && changeId !== '');
}
