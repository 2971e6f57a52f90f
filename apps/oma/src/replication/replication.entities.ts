import { FailoverRun } from '../failover/failover-run.entity.js';
import { Cycle } from './cycle.entity.js';
import { RecoveryPoint, RecoveryPointDisk } from './recovery-point.entity.js';
import { EngineRun, FactSheet, LedgerEntry } from './runs/run.entities.js';

export const REPLICATION_ENTITIES = [
  Cycle,
  RecoveryPoint,
  RecoveryPointDisk,
  FailoverRun,
  EngineRun,
  FactSheet,
  LedgerEntry,
];
