import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { AuditedWork } from './audited-work.js';

/** Lets every room write in the audit log. */
@Global()
@Module({ providers: [AuditTrail, AuditedWork], exports: [AuditTrail, AuditedWork] })
export class AuditTrailModule {}
