import { Global, Module } from '@nestjs/common';
import { AuditRefusals } from './audit-refusals.js';
import { AuditTrail } from './audit-trail.js';

/** Lets every room write in the audit log. */
@Global()
@Module({ providers: [AuditTrail, AuditRefusals], exports: [AuditTrail, AuditRefusals] })
export class AuditTrailModule {}
