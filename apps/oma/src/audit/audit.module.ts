import { Module } from '@nestjs/common';
import { AuditAnchors } from './audit-anchors.js';
import { AuditKey } from './audit-key.js';
import { AuditLog } from './audit-log.js';
import { AUDIT_SETTINGS, type AuditSettings } from './audit-ports.js';
import { AuditController } from './audit.controller.js';

/** Shows the audit log, and anchors it outside the database. Needs AUDIT_SETTINGS and ANCHOR_KEEPERS of composition.ts. */
@Module({
  controllers: [AuditController],
  providers: [
    {
      provide: AuditKey,
      useFactory: ({ stateDir }: AuditSettings) => AuditKey.load(stateDir),
      inject: [AUDIT_SETTINGS],
    },
    AuditAnchors,
    AuditLog,
  ],
})
export class AuditModule {}
