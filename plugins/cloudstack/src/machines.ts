import { MigrationError } from '@ossea/errors';
import {
  z,
  type CallOptions,
  type IdempotencyKey,
  type MachineBlueprint,
  type MachineControl,
  type MachineRef,
  type PowerState,
} from '@ossea/plugin-sdk';
import { pause, type Cloud } from './cloud.js';
import {
  ApiFault,
  consoleEndpointSchema,
  osTypeSchema,
  virtualMachineSchema,
  type Params,
  type VirtualMachine,
} from './client/index.js';
import { guarded } from './guarded.js';
import type { MachineDeployment } from './machine-deployment.js';
import type { MachineDisks } from './machine-disks.js';
import { COMPLETE_TAG, tag, tagOf } from './marks.js';
import { nearestOsType } from './os-type.js';
import { parsePlacement, type CloudstackPlacement } from './settings.js';

/** Off for certain; anything else may write. */
const OFF: ReadonlySet<string> = new Set(['Stopped', 'Shutdown', 'Error']);
const FORBIDDEN = 531;
const GONE_TRIES = 60;

/** Machines of the account that were made from volumes of ours. */
export class Machines implements MachineControl<CloudstackPlacement> {
  constructor(
    private readonly cloud: Cloud,
    private readonly deployment: MachineDeployment,
    private readonly disks: MachineDisks,
  ) {}

  create(
    blueprint: MachineBlueprint<CloudstackPlacement>,
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<MachineRef> {
    return guarded(options, async () => {
      if (!blueprint.disks.some((disk) => disk.boot))
        throw new MigrationError('request.invalid', 'A machine needs a disk to boot from.');
      const deployed = await this.deployment.deploy(blueprint, options);
      // with the tags that it has by now
      const machine = await this.mustHave(deployed.id, options);
      if (tagOf(machine, COMPLETE_TAG) !== undefined) return machine.id;
      await this.disks.put(machine, blueprint.disks, options);
      await this.describe(machine, blueprint, options);
      await tag(this.cloud, 'machine', machine, { [COMPLETE_TAG]: 'yes' }, options);
      return machine.id;
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: MachineRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const machine = await this.deployment.one(key, options);
      return machine && { ref: machine.id, complete: tagOf(machine, COMPLETE_TAG) !== undefined };
    });
  }

  /** Stops it, takes our disks off it, and only then destroys it: its root disk goes with a machine. */
  remove(ref: MachineRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const machine = await this.deployment.read(ref, options);
      if (!machine) return;
      await this.turnOff(machine, options);
      await this.disks.takeOff(machine, options);
      await this.destroy(machine.id, options);
    });
  }

  state(ref: MachineRef, options: CallOptions): Promise<PowerState> {
    return guarded(options, async () =>
      OFF.has((await this.mustHave(ref, options)).state) ? 'stopped' : 'running',
    );
  }

  start(ref: MachineRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const machine = await this.mustHave(ref, options);
      if (machine.state === 'Running') return;
      await this.ordered('startVirtualMachine', { id: ref }, 'Running', options);
    });
  }

  stop(ref: MachineRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => this.turnOff(await this.mustHave(ref, options), options));
  }

  /** A console in the browser, for a person who wants to see whether it has come up; the address holds a token. */
  url(ref: MachineRef, options: CallOptions): Promise<string> {
    return guarded(options, async () => {
      const machine = await this.mustHave(ref, options);
      const params = { virtualmachineid: machine.id };
      const answer = await this.cloud.client.write(
        'createConsoleEndpoint',
        params,
        consoleEndpointSchema,
        options,
      );
      if (answer.url !== undefined) return answer.url;
      throw new MigrationError('peer.fault', answer.details ?? 'CloudStack gives no address of a console.');
    });
  }

  /**
   * Never `forced`: that only writes down that it is off (VirtualMachineManagerImpl), and the next one to attach its
   * disks would share them with a guest that still runs.
   */
  private async turnOff(machine: VirtualMachine, options: CallOptions): Promise<void> {
    if (OFF.has(machine.state)) return;
    await this.ordered('stopVirtualMachine', { id: machine.id }, 'Stopped', options);
  }

  private async ordered(command: string, params: Params, state: string, options: CallOptions): Promise<void> {
    let fault: unknown;
    try {
      await this.cloud.client.job(command, params, virtualMachineSchema, options);
    } catch (error) {
      options.signal.throwIfAborted();
      fault = error;
    }
    const id = String(params['id']);
    const after = await this.settled(id, options);
    if (after.state === state) return;
    throw fault ?? new MigrationError('peer.fault', `The machine is ${after.state} after ${command}.`);
  }

  /** The name that people know and the operating system; both come last, because until then the mark is its name. */
  private async describe(
    machine: VirtualMachine,
    blueprint: MachineBlueprint<CloudstackPlacement>,
    options: CallOptions,
  ): Promise<void> {
    const osTypeId = await this.osTypeOf(blueprint, options);
    // no `details`: they would replace the whole set, UEFI and size with it
    const params = {
      id: machine.id,
      displayname: blueprint.name.replace(/\p{Cc}/gu, ' '),
      ...(osTypeId === undefined ? {} : { ostypeid: osTypeId }),
    };
    await this.cloud.client.write('updateVirtualMachine', params, virtualMachineSchema, options);
  }

  private async osTypeOf(
    { placement, guestOs }: MachineBlueprint<CloudstackPlacement>,
    options: CallOptions,
  ): Promise<string | undefined> {
    const { osTypeId } = parsePlacement(placement);
    if (osTypeId !== undefined || guestOs === undefined) return osTypeId;
    const types = await this.cloud.client.list('listOsTypes', {}, osTypeSchema, options);
    return nearestOsType(guestOs, types)?.id;
  }

  private async destroy(id: string, options: CallOptions): Promise<void> {
    const { client, context } = this.cloud;
    try {
      await client.job('destroyVirtualMachine', { id, expunge: true }, z.unknown(), options);
    } catch (fault) {
      options.signal.throwIfAborted();
      const mayNotExpunge = fault instanceof ApiFault && fault.errorCode === FORBIDDEN;
      if (mayNotExpunge) {
        context.log.warn('The account may not expunge: the machine stays as destroyed for a while.', {
          machine: id,
        });
        await client.job('destroyVirtualMachine', { id }, z.unknown(), options);
      } else if (await this.deployment.read(id, options)) throw fault;
    }
    for (let tries = 0; tries < GONE_TRIES && (await this.deployment.read(id, options)); tries += 1)
      await pause(this.cloud, options);
  }

  private async settled(id: string, options: CallOptions): Promise<VirtualMachine> {
    const machine = await this.mustHave(id, options);
    if (machine.jobid === undefined || machine.jobstatus !== 0) return machine;
    await this.cloud.client
      .waitForJob(machine.jobid, z.unknown(), options)
      .catch(() => options.signal.throwIfAborted());
    return this.mustHave(id, options);
  }

  private async mustHave(id: string, options: CallOptions): Promise<VirtualMachine> {
    const machine = await this.deployment.read(id, options);
    if (machine) return machine;
    throw new MigrationError(
      'resource.not-found',
      `There is no machine "${id.slice(0, 80)}" in this account.`,
    );
  }
}
