import { MigrationError } from '@ossea/errors';
import type {
  BlueprintNic,
  CallOptions,
  IdempotencyKey,
  MachineBlueprint,
  MachineControl,
  MachineRef,
  PowerState,
} from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { idOf, notFound } from './identity.js';
import type { IsolatedNetworks } from './isolated-networks.js';
import type { MachineHost, MachineShape } from './machine-host.js';
import type { MachineRecord, Pool } from './pool.js';
import { placementSchema, type QemuPlacement } from './settings.js';

type Blueprint = MachineBlueprint<QemuPlacement>;

/** Machines of the host that were made from volumes of the pool. */
export class Machines implements MachineControl<QemuPlacement> {
  constructor(
    private readonly pool: Pool,
    private readonly networks: IsolatedNetworks,
    private readonly host: MachineHost,
  ) {}

  create(blueprint: Blueprint, options: CallOptions & { readonly key: IdempotencyKey }): Promise<MachineRef> {
    return guarded(options, async () => {
      const id = idOf('machine', options.key);
      if ((await this.pool.machines.read(id))?.state === 'ready') return id;
      const shape = await this.shapeOf(id, blueprint, options);
      const volumes = blueprint.disks.map((disk) => disk.volume);
      const record: MachineRecord = {
        version: 1,
        key: options.key,
        name: blueprint.name,
        volumes,
        state: 'making',
      };
      await this.pool.machines.write(id, record);
      try {
        // after the record: whoever opens a volume looks for machines after it has taken its lease
        for (const volume of volumes) {
          await this.pool.mustNotBeOpen(volume);
          await this.pool.mustNotBeAttached(volume, id);
        }
        await this.host.define(shape);
      } catch (error) {
        await this.host.forget(id);
        await this.pool.machines.remove(id);
        throw error;
      }
      await this.pool.machines.write(id, { ...record, state: 'ready' });
      return id;
    });
  }

  find(
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: MachineRef; readonly complete: boolean } | undefined> {
    return guarded(options, async () => {
      const id = idOf('machine', key);
      const record = await this.pool.machines.read(id);
      return record && { ref: id, complete: record.state === 'ready' };
    });
  }

  /** Its volumes stay; a machine that still runs is stopped first. */
  remove(ref: MachineRef, options: CallOptions): Promise<void> {
    return guarded(options, async () => {
      const record = await this.pool.machines.read(ref);
      if (!record) return;
      await this.pool.machines.write(ref, { ...record, state: 'removing' });
      await this.host.stop(ref, options);
      await this.host.forget(ref);
      await this.pool.machines.remove(ref);
    });
  }

  state(ref: MachineRef, options: CallOptions): Promise<PowerState> {
    return this.onMachine(ref, options, () => this.host.state(ref, options));
  }

  start(ref: MachineRef, options: CallOptions): Promise<void> {
    return this.onMachine(ref, options, () => this.host.start(ref, options));
  }

  stop(ref: MachineRef, options: CallOptions): Promise<void> {
    return this.onMachine(ref, options, () => this.host.stop(ref, options));
  }

  /** Runs a call on a machine of ours that is whole; throws `resource.not-found`. */
  onMachine<T>(ref: MachineRef, options: CallOptions, call: () => Promise<T>): Promise<T> {
    return guarded(options, async () => {
      if ((await this.pool.machines.read(ref))?.state !== 'ready') throw notFound('machine', ref);
      return call();
    });
  }

  private async shapeOf(id: MachineRef, blueprint: Blueprint, options: CallOptions): Promise<MachineShape> {
    const placement = placementSchema.safeParse(blueprint.placement);
    if (!placement.success)
      throw new MigrationError('request.invalid', `The placement: ${placement.error.message}`);
    if (!blueprint.disks.some((disk) => disk.boot))
      throw new MigrationError('request.invalid', 'A machine needs a disk to boot from.');
    const disks = [];
    for (const [index, { volume, boot }] of blueprint.disks.entries()) {
      const record = await this.pool.volume(volume);
      // letters as a guest names virtio disks; what is boot stands first
      const key = `vd${String.fromCharCode('a'.charCodeAt(0) + index)}`;
      disks.push({ key, file: this.pool.volumePath(record), format: record.format, boot, serial: volume });
    }
    const nics = await this.nicsOf(blueprint.nics, options);
    const { name, cpus, memoryBytes, firmware } = blueprint;
    return { id, name, cpus, memoryBytes, firmware, accelerator: placement.data.accelerator, disks, nics };
  }

  private async nicsOf(nics: readonly BlueprintNic[], options: CallOptions): Promise<MachineShape['nics']> {
    const networks = await this.networks.list(options);
    return nics.map(({ mac, network }, index) => {
      const found = networks.find(({ ref }) => ref === network);
      if (!found) throw notFound('network', network);
      return { key: `nic${index}`, mac, network: found.ref };
    });
  }
}
