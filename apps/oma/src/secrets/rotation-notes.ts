import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { UnitOfWork } from '../database/unit-of-work.js';

/** Keeps in the audit log what became of the keys. The key itself is a file: no transaction could hold both. */
@Injectable()
export class RotationNotes {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
  ) {}

  async write(
    action: 'secrets.rotate' | 'secrets.rewrap',
    jobId: string,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.unitOfWork.run((manager) =>
      this.audit.append(manager, { action, subject: { type: 'job', id: jobId }, detail }),
    );
  }
}
