import { Injectable } from '@nestjs/common';
import type { VmDescription } from '@ossea/plugin-sdk';
import { MigrationError } from '@ossea/errors';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { ContextViews } from './context-views.js';
import { VmContext, VmDisk, type MachineFacts } from './vm-context.entity.js';

export interface NewlyManaged {
  readonly vm: VmDescription;
  readonly sourceConnectionId: string;
  readonly targetConnectionId: string;
  readonly vmaId: string | null;
  readonly placement: Record<string, unknown>;
  readonly managedKey: string;
}

/** One VM of one connection is under management at most once. */
export const managedKeyOf = (connectionId: string, vmId: string): string => `${connectionId}/${vmId}`;

/** What the console shows of a machine. */
export function machineFactsOf(vm: VmDescription): MachineFacts {
  const { cpus, memoryBytes, firmware, guestOs, power, nics, concerns } = vm;
  return {
    cpus,
    memoryBytes,
    firmware,
    power,
    nics: [...nics],
    concerns: [...concerns],
    ...(guestOs === undefined ? {} : { guestOs }),
  };
}

/** Takes machines under management: the row everything else hangs on. */
@Injectable()
export class ManagedVms {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly views: ContextViews,
  ) {}

  /**
   * Stores the context and its disks, as `managed`.
   * @returns the context's id. Throws `resource.conflict` when the machine is under management already.
   */
  async add(added: NewlyManaged, correlationId: string): Promise<string> {
    const { vm, ...links } = added;
    const id = newId('ctx');
    try {
      await this.unitOfWork.run(async (manager) => {
        const contexts = manager.getRepository(VmContext);
        await contexts.save(
          contexts.create({
            id,
            name: vm.name,
            sourceVmId: vm.id,
            // describing it was the step from discovered to managed
            state: 'managed',
            origin: null,
            machine: machineFactsOf(vm),
            generation: 1,
            autoAdded: false,
            lastCycle: null,
            ...links,
          }),
        );
        const disks = manager.getRepository(VmDisk);
        for (const [position, { key, backing, label, sizeBytes, boot }] of vm.disks.entries())
          await disks.save(
            disks.create({
              id: newId('dsk'),
              contextId: id,
              diskKey: key,
              backing,
              label,
              sizeBytes,
              boot,
              position,
              volumeRef: null,
            }),
          );
        const context = await this.views.viewOf(manager, id);
        await this.outbox.append(manager, 'context.added', id, { context }, correlationId);
      });
      return id;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new MigrationError('resource.conflict', `"${vm.name}" is under management already.`, {
        context: { vm: vm.id },
        cause: error,
      });
    }
  }
}
