import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { AuditRefusals } from './audit-refusals.js';
import { AuditTrail, type AuditEntry } from './audit-trail.js';

/** A transaction that always leaves its row in the audit log. */
@Injectable()
export class AuditedWork {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly refusals: AuditRefusals,
  ) {}

  /** Runs `body` as `UnitOfWork` does, and adds the row that `entryOf` makes of its outcome, last. */
  run<T>(body: (manager: EntityManager) => Promise<T>, entryOf: (outcome: T) => AuditEntry): Promise<T> {
    return this.unitOfWork.run(async (manager) => {
      const outcome = await body(manager);
      await this.audit.append(manager, entryOf(outcome));
      return outcome;
    });
  }

  /** Tells of something that was turned away. */
  refused(entry: Omit<AuditEntry, 'outcome'>): Promise<void> {
    return this.refusals.write(entry);
  }
}
