import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { VmDescription } from '@ossea/plugin-sdk';
import { MigrationError } from '@ossea/errors';
import { In } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { isForeignKeyViolation, isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { ContextViews } from './context-views.js';
import { OVER_STATES } from './over-states.js';
import { machineFactsOf } from './machine-facts.js';
import { VmContext, VmDisk } from './vm-context.entity.js';

/** What a row holds; names are for people, and may be cut. */
const NAME_CHARS = 255;
const KEY_CHARS = 191;

export interface NewlyManaged {
  readonly vm: VmDescription;
  readonly sourceConnectionId: string;
  readonly targetConnectionId: string;
  readonly vmaId: string | null;
  readonly placement: Record<string, unknown>;
}

/** Takes machines under management: the row everything else hangs on. */
@Injectable()
export class ManagedVms {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly views: ContextViews,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Stores the context and its disks, as `managed`.
   * @returns the context's id. Throws `resource.conflict` when the machine is under management already,
   * `plugin.broken-contract` for disks that cannot be told apart.
   */
  async add(added: NewlyManaged, correlationId: string): Promise<string> {
    const { vm, ...links } = added;
    mustHaveUsableDisks(vm);
    const id = newId('ctx');
    const managedKey = managedKeyOf(links.sourceConnectionId, vm.id);
    try {
      await this.unitOfWork.run(async (manager) => {
        const contexts = manager.getRepository(VmContext);
        // one whose record is only history may come back
        await contexts.update({ managedKey, state: In(OVER_STATES) }, { managedKey: null });
        await contexts.save(
          contexts.create({
            id,
            name: vm.name.slice(0, NAME_CHARS),
            sourceVmId: vm.id,
            // describing it was the step from discovered to managed
            state: 'managed',
            origin: null,
            machine: machineFactsOf(vm),
            managedKey,
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
              label: label.slice(0, NAME_CHARS),
              sizeBytes,
              boot,
              position,
              volumeRef: null,
            }),
          );
        const context = await this.views.viewOf(manager, id);
        await this.outbox.append(manager, 'context.added', id, { context }, correlationId);
        const { sourceConnectionId, targetConnectionId } = links;
        await this.audit.append(manager, {
          action: 'vm.add',
          subject: { type: 'vm-context', id },
          detail: { name: vm.name, vmId: vm.id, sourceConnectionId, targetConnectionId },
        });
      });
      return id;
    } catch (error) {
      if (isForeignKeyViolation(error))
        throw new MigrationError('request.not-found', 'The connection was removed at this moment.', {
          cause: error,
        });
      if (!isUniqueViolation(error)) throw error;
      throw new MigrationError('resource.conflict', `"${vm.name}" is under management already.`, {
        context: { vm: vm.id },
        cause: error,
      });
    }
  }
}

/**
 * One VM of one connection is under management at most once. A digest, because a database may take upper and lower
 * case for the same, and sources need not.
 */
function managedKeyOf(connectionId: string, vmId: string): string {
  return `${connectionId}/${createHash('sha256').update(vmId).digest('hex')}`;
}

function mustHaveUsableDisks({ id, disks }: VmDescription): void {
  const keys = disks.map(({ key }) => key);
  if (new Set(keys).size === keys.length && keys.every((key) => key !== '' && key.length <= KEY_CHARS))
    return;
  throw new MigrationError(
    'plugin.broken-contract',
    'The source does not name each disk by a key of its own.',
    {
      context: { vm: id },
    },
  );
}
