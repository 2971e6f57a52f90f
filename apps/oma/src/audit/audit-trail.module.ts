import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';

/** Lets every room write in the audit log. */
@Global()
@Module({ providers: [AuditTrail], exports: [AuditTrail] })
export class AuditTrailModule {}
