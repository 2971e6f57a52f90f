import { Injectable } from '@nestjs/common';
import type { VmaState } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import type { EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { VmaKeys } from './vma-keys.js';
import { VmaNumbers } from './vma-numbers.js';
import { Vma } from './vma.entity.js';

const ATTEMPTS = 5;

interface Decision {
  readonly to: VmaState;
  readonly fact: 'vma.approved' | 'vma.rejected' | 'vma.revoked';
  readonly action: 'vma.approve' | 'vma.reject' | 'vma.revoke';
  readonly from: readonly VmaState[];
  readonly refusal: string;
}

const APPROVE: Decision = {
  to: 'approved',
  fact: 'vma.approved',
  action: 'vma.approve',
  from: ['pending'],
  refusal: 'Only a VMA that asks to be enrolled can be approved',
};
const REJECT: Decision = {
  to: 'rejected',
  fact: 'vma.rejected',
  action: 'vma.reject',
  from: ['pending', 'expired'],
  refusal: 'Only a VMA that asks to be enrolled can be rejected; revoke one that was approved',
};
const REVOKE: Decision = {
  to: 'revoked',
  fact: 'vma.revoked',
  action: 'vma.revoke',
  from: ['approved'],
  refusal: 'Only an approved VMA can be revoked',
};

/** Changes of trust, each one transaction with its fact. Deciding the same twice is deciding once. */
@Injectable()
export class VmaDecisions {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly numbers: VmaNumbers,
    private readonly audit: AuditTrail,
    private readonly keys: VmaKeys,
  ) {}

  /** Throws `request.conflict` unless the fingerprint is the very one of the VMA that asks. */
  async approve(id: string, fingerprint: string, correlationId: string): Promise<Vma> {
    // two approvals at once may have chosen the same port: the database lets one of them have it
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.decide(APPROVE, id, correlationId, async (row, manager) => {
          if (row.fingerprint !== fingerprint.trim())
            throw new MigrationError(
              'request.conflict',
              'This is not what the VMA shows of its key. Compare the fingerprint or the words.',
              { context: { vma: id } },
            );
          await this.keys.begin(manager, row);
          Object.assign(row, await this.numbers.free(manager, row));
        });
      } catch (error) {
        if (attempt >= ATTEMPTS || !isUniqueViolation(error)) throw error;
      }
    }
  }

  reject(id: string, correlationId: string): Promise<Vma> {
    return this.decide(REJECT, id, correlationId);
  }

  revoke(id: string, correlationId: string): Promise<Vma> {
    return this.decide(REVOKE, id, correlationId, async (row, manager) => {
      await this.keys.revoke(manager, id);
      row.agentPort = null;
      row.nbdPort = null;
    });
  }

  private decide(
    { to, fact, action, from, refusal }: Decision,
    id: string,
    correlationId: string,
    change?: (row: Vma, manager: EntityManager) => Promise<void>,
  ): Promise<Vma> {
    return this.unitOfWork.run(async (manager) => {
      const vmas = manager.getRepository(Vma);
      const row = await vmas.findOneBy({ id });
      if (!row) throw unknownVma(id);
      if (row.state !== to && !from.includes(row.state))
        throw new MigrationError('request.conflict', `${refusal}. This one is ${row.state}.`, {
          context: { vma: id, state: row.state },
        });
      const before = row.state;
      await change?.(row, manager);
      if (before === to) return vmas.findOneByOrFail({ id });
      const now = new Date();
      const done = await vmas.update(
        { id, state: before },
        { state: to, agentPort: row.agentPort, nbdPort: row.nbdPort, decidedAt: now, updatedAt: now },
      );
      if (done.affected !== 1)
        throw new MigrationError('request.conflict', 'Somebody else decided about this VMA just now.', {
          context: { vma: id },
        });
      await this.outbox.append(manager, fact, id, { vmaId: id }, correlationId);
      const { name, fingerprint } = row;
      await this.audit.append(manager, {
        action,
        subject: { type: 'vma', id },
        detail: { name, fingerprint },
      });
      return vmas.findOneByOrFail({ id });
    });
  }
}

export function unknownVma(id: string): MigrationError {
  return new MigrationError('request.not-found', 'There is no such VMA.', {
    context: { vma: id.slice(0, 64) },
  });
}
