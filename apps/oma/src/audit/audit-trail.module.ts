import { Global, Module } from '@nestjs/common';
import { AuditRefusals } from './audit-refusals.js';
import { AuditTrail } from './audit-trail.js';
import { AuditedWork } from './audited-work.js';

/** Lets every room write in the audit log. */
@Global()
@Module({
  providers: [AuditTrail, AuditRefusals, AuditedWork],
  exports: [AuditTrail, AuditRefusals, AuditedWork],
})
export class AuditTrailModule {}
