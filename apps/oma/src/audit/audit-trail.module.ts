import { Global, Module } from '@nestjs/common';
import { AuditRefusals } from './audit-refusals.js';
import { AuditTrail } from './audit-trail.js';
import { AuditedWork } from './audited-work.js';

/** Lets every room write in the audit log. */
@Global()
<<<<<<< HEAD
@Module({ providers: [AuditTrail, AuditedWork], exports: [AuditTrail, AuditedWork] })
=======
@Module({ providers: [AuditTrail, AuditRefusals], exports: [AuditTrail, AuditRefusals] })
>>>>>>> secrets
export class AuditTrailModule {}
