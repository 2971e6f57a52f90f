import type { EntityTarget, MigrationInterface, ObjectLiteral } from 'typeorm';
import { ACCESS_ENTITIES } from '../access/access.entities.js';
import { AUDIT_ENTITIES } from '../audit/audit.entities.js';
import { Connection } from '../connections/connection.entity.js';
import { SetUpDraft } from '../connections/set-up.entity.js';
import { VmContext, VmDisk } from '../discovery/vm-context.entity.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.entity.js';
import { JobStep, LogEvent } from '../jobs/job-log.entities.js';
import { Job } from '../jobs/job.entity.js';
import { NetworkMapping } from '../networks/network-mapping.entity.js';
import { REPLICATION_ENTITIES } from '../replication/replication.entities.js';
import { TUNNEL_ENTITIES } from '../tunnels/tunnels.entities.js';
import { VOLUME_ENTITIES } from '../volumes/volumes.entities.js';
import { OutboxEvent } from '../progress/outbox-event.entity.js';
import { Setting } from './setting.entity.js';
import { Init1763900000001 } from './versions/0001-init.js';
import { Volumes1763900000002 } from './versions/0002-volumes.js';
import { Tunnels1763900000003 } from './versions/0003-tunnels.js';
import { Replication1763900000004 } from './versions/0004-replication.js';
import { WhyAndHowConsistent1764000000005 } from './versions/0005-why-and-how-consistent.js';
import { SetUps1764400000006 } from './versions/0006-set-ups.js';
import { Access1764400000007 } from './versions/0007-access.js';
import { VmaEndpoints1764400000010 } from './versions/0010-vma-endpoints.js';
import { VmaKeys1764400000011 } from './versions/0011-vma-keys.js';
import { TunnelHistory1764400000009 } from './versions/0009-tunnel-history.js';
import { Audit1764400000008 } from './versions/0008-audit.js';

/** Every table of the OMA. Each room lists its own. */
export const ENTITIES: readonly (EntityTarget<ObjectLiteral> & (new () => object))[] = [
  Connection,
  SetUpDraft,
  VmContext,
  VmDisk,
  NetworkMapping,
  Job,
  JobStep,
  LogEvent,
  OutboxEvent,
  Setting,
  ...ACCESS_ENTITIES,
  IdempotencyKey,
  ...VOLUME_ENTITIES,
  ...TUNNEL_ENTITIES,
  ...REPLICATION_ENTITIES,
  ...AUDIT_ENTITIES,
];

/** In the order they are applied; a released one is never changed. */
export const SCHEMA_VERSIONS: readonly (new () => MigrationInterface)[] = [
  Init1763900000001,
  Volumes1763900000002,
  Tunnels1763900000003,
  Replication1763900000004,
  WhyAndHowConsistent1764000000005,
  SetUps1764400000006,
  Access1764400000007,
  Audit1764400000008,
  TunnelHistory1764400000009,
  VmaEndpoints1764400000010,
  VmaKeys1764400000011,
];
