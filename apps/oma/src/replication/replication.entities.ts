import { FailoverRun } from '../failover/failover-run.entity.js';
import { Cycle } from './cycle.entity.js';
import { RecoveryPoint, RecoveryPointDisk } from './recovery-point.entity.js';

export const REPLICATION_ENTITIES = [Cycle, RecoveryPoint, RecoveryPointDisk, FailoverRun];
