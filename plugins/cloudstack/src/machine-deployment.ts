import { MigrationError } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, MachineBlueprint } from '@ossea/plugin-sdk';
import { madeOnce, type Cloud } from './cloud.js';
import {
  serviceOfferingSchema,
  virtualMachineSchema,
  type Params,
  type VirtualMachine,
} from './client/index.js';
import { guestHardware } from './guest-hardware.js';
import { hostNameOf } from './host-name.js';
import { networksOf } from './machine-networks.js';
import { KEY_TAG, carries, markOf, markedName, tag, tagOf } from './marks.js';
import { readOne } from './read-one.js';
import { parsePlacement, type CloudstackPlacement } from './settings.js';

type Blueprint = MachineBlueprint<CloudstackPlacement>;

const MIB = 1024 * 1024;
const GONE: ReadonlySet<string> = new Set(['Destroyed', 'Expunging', 'Expunged']);

/** Machines of ours as CloudStack has them, and the call that makes one. */
export class MachineDeployment {
  constructor(private readonly cloud: Cloud) {}

  /**
   * Deploys a machine that is never started by it: a first start that fails would take every usable volume of the
   * machine with it (UserVmManagerImpl, updateVmStateForFailedVmCreation).
   */
  async deploy(
    blueprint: Blueprint,
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VirtualMachine> {
    const mark = markOf('machine', options.key);
    const machine = await madeOnce(
      () => this.one(options.key, options),
      async () => {
        const params = await this.paramsOf(blueprint, mark, options);
        await this.cloud.client.job('deployVirtualMachine', params, virtualMachineSchema, options);
      },
      options,
    );
    await tag(this.cloud, 'machine', machine, { [KEY_TAG]: options.key }, options);
    return machine;
  }

  /** The machine of a key: by its tag, or by the display name it was given in the call. */
  async one(key: IdempotencyKey, options: CallOptions): Promise<VirtualMachine | undefined> {
    const mark = markOf('machine', key);
    const { client } = this.cloud;
    const tagged = { tags: [{ key: KEY_TAG, value: key }], listall: true };
    const found = [
      ...(await client.list('listVirtualMachines', tagged, virtualMachineSchema, options)),
      ...(await client.list(
        'listVirtualMachines',
        { keyword: mark, listall: true },
        virtualMachineSchema,
        options,
      )),
    ];
    return found.find(
      (machine) =>
        !GONE.has(machine.state) && (tagOf(machine, KEY_TAG) === key || carries(machine.displayname, mark)),
    );
  }

  /** The machine as it is now; undefined where it is gone. */
  async read(id: string, options: CallOptions): Promise<VirtualMachine | undefined> {
    const machine = await readOne(this.cloud, 'listVirtualMachines', id, virtualMachineSchema, options);
    return machine && !GONE.has(machine.state) ? machine : undefined;
  }

  private async paramsOf(blueprint: Blueprint, mark: string, options: CallOptions): Promise<Params> {
    const { settings } = this.cloud;
    const placement = parsePlacement(blueprint.placement);
    const serviceofferingid = placement.serviceOfferingId ?? settings.serviceOfferingId;
    const network = placement.networkId ?? settings.networkId;
    return {
      zoneid: settings.zoneId,
      templateid: settings.templateId,
      serviceofferingid,
      name: hostNameOf(blueprint.name),
      displayname: markedName(blueprint.name, mark),
      startvm: false,
      iptonetworklist: await networksOf(this.cloud, blueprint.nics, network, options),
      details: [
        {
          ...(await this.sizeOf(serviceofferingid, blueprint, options)),
          ...guestHardware(blueprint.guestOs, placement),
        },
      ],
      // for BIOS both are left out: without a boot mode CloudStack stumbles over it
      ...(blueprint.firmware === 'uefi'
        ? { boottype: 'UEFI', bootmode: blueprint.secureBoot === true ? 'SECURE' : 'LEGACY' }
        : {}),
    };
  }

  /** Size of the machine, as details of a customizable offering. Sent for one that is fixed, they are refused. */
  private async sizeOf(
    id: string,
    { cpus, memoryBytes }: Blueprint,
    options: CallOptions,
  ): Promise<Record<string, number>> {
    const found = await this.cloud.client.list(
      'listServiceOfferings',
      { id },
      serviceOfferingSchema,
      options,
    );
    const offering = found.find((one) => one.id === id);
    if (!offering)
      throw new MigrationError('resource.not-found', 'The compute offering does not exist any more.', {
        context: { offering: id },
      });
    if (offering.iscustomized !== true) return {};
    return { cpuNumber: cpus, memory: Math.ceil(memoryBytes / MIB), ...speedOf(offering.cpuspeed) };
  }
}

/** An offering with a speed of its own refuses another one (apache/cloudstack#6131); one without needs it. */
function speedOf(fixedMhz: number | undefined): Record<string, number> {
  const DEFAULT_MHZ = 1_000;
  return fixedMhz === undefined || fixedMhz === 0 ? { cpuSpeed: DEFAULT_MHZ } : {};
}
