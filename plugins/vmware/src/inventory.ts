import type { CallOptions, Finding, SourceInventory, VmDescription, VmSummary } from '@ossea/plugin-sdk';
import { concern } from './concerns/concern-table.js';
import { diskConcerns } from './concerns/disk-concerns.js';
import { machineConcerns } from './concerns/machine-concerns.js';
import { guarded, guardedStream } from './guarded.js';
import { InventoryPaths } from './inventory-paths.js';
import { readSurroundings, type Surroundings } from './surroundings.js';
import { describeReaders, type DiskTransport } from './transports/index.js';
import { decodeVimName, type ManagedObjectReference } from './vim25/index.js';
import { transportDisk } from './transport-disk.js';
import { describeDisks, disksOf } from './virtual-disks.js';
import { describeNics } from './virtual-nics.js';
import {
  VM_PATHS,
  guestToolsOf,
  powerStateOf,
  snapshotsOf,
  type StandingSnapshot,
  type VmProperties,
} from './vm-properties.js';
import type { PrivilegeCheck } from './privilege-check.js';
import type { Vsphere } from './vsphere.js';

/** The machines of a vCenter or host. */
export class VmwareInventory implements SourceInventory {
  constructor(
    private readonly vsphere: Vsphere,
    private readonly transports: readonly DiskTransport[],
    private readonly privileges: PrivilegeCheck,
  ) {}

  /** Page by page; nothing but the names of folders is kept meanwhile. Templates are no machines. */
  list(call: CallOptions): AsyncIterable<VmSummary> {
    return guardedStream(call, () => this.summaries(call));
  }

  describe(vm: string, call: CallOptions): Promise<VmDescription> {
    return guarded(call, async () => {
      const facts = (await this.vsphere.vm(vm, call, VM_PATHS)) as VmProperties;
      const around = await readSurroundings(this.vsphere.client, facts, call);
      const standing = snapshotsOf(facts);
      const guestOs = facts['guest.guestFullName'] ?? facts['config.guestFullName'];
      return {
        ...summaryOf(vm, facts, around.above),
        hostId: this.vsphere.hostId,
        cpus: facts['config.hardware']?.numCPU ?? 0,
        memoryBytes: (facts['config.hardware']?.memoryMB ?? 0) * 1024 ** 2,
        firmware: facts['config.firmware'] === 'efi' ? 'uefi' : 'bios',
        ...(guestOs === undefined ? {} : { guestOs }),
        ...(facts['guest.hostName'] === undefined ? {} : { hostName: facts['guest.hostName'] }),
        ...(around.runsOn === undefined ? {} : { runsOn: around.runsOn }),
        secureBoot: facts['config.bootOptions']?.efiSecureBootEnabled === true,
        vTpm: (facts['config.hardware']?.device ?? []).some(({ $type }) => $type === 'VirtualTPM'),
        guestTools: guestToolsOf(facts),
        snapshots: standing.map(({ name, createdAt, note }) => ({
          name,
          createdAt,
          ours: note !== undefined,
        })),
        disks: describeDisks(facts, ({ value }) => around.datastores.get(value)?.name),
        nics: describeNics(facts, around.networks),
        concerns: [
          ...machineConcerns(facts, around.host),
          ...diskConcerns(facts),
          ...this.readers(vm, facts, around, standing),
          ...(await this.missingPrivileges(vm, call)),
        ],
      };
    });
  }

  private async *summaries(call: CallOptions): AsyncIterable<VmSummary> {
    const paths = new InventoryPaths(this.vsphere.client, call);
    await paths.readFolders();
    const wanted = ['name', 'parent', 'runtime.powerState', 'config.template'];
    for await (const { obj, props } of this.vsphere.vms(wanted, call)) {
      if (props['config.template'] === true) continue;
      const parent = props['parent'] as ManagedObjectReference | undefined;
      yield summaryOf(obj.value, props as unknown as VmProperties, await paths.above(parent));
    }
  }

  /** Which of our ways of reading fits each disk, as it will be in the snapshot of a cycle. */
  private readers(
    vm: string,
    facts: VmProperties,
    around: Surroundings,
    standing: readonly StandingSnapshot[],
  ): Finding[] {
    // our own snapshot is gone before the next one is taken
    const onChain = standing.some(({ note }) => note === undefined);
    const disks = disksOf(facts).map((disk) => ({
      ...transportDisk({ vm, snapshot: '' }, disk, around.storageOf(disk)),
      hasParent: onChain,
    }));
    return describeReaders(this.transports, disks);
  }

  private async missingPrivileges(vm: string, call: CallOptions): Promise<Finding[]> {
    const missing = (await this.privileges.on(this.vsphere.vmRef(vm), call))
      .filter(({ required, granted }) => required && !granted)
      .map(({ id }) => id);
    if (missing.length === 0) return [];
    return [concern('account.lacks-privilege', `The account lacks ${missing.join(', ')} at the machine.`)];
  }
}

function summaryOf(
  id: string,
  facts: Pick<VmProperties, 'name' | 'runtime.powerState'>,
  above: readonly string[],
): VmSummary {
  return {
    id,
    name: decodeVimName(facts.name),
    power: powerStateOf(facts['runtime.powerState']),
    ...(above.length > 0 ? { path: above.join('/') } : {}),
  };
}
