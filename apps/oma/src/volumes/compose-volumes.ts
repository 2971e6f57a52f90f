import type { CopyEngine } from '@ossea/copy-engine';
import type { ProcessRunner } from '@ossea/process';
import { ImageTool } from '@ossea/qemu';
import type { DataSource } from 'typeorm';
import { BootRecovery } from './boot-recovery.js';
import { ContextLocks } from './context-locks.js';
import { CycleExports } from './cycle-exports.js';
import { DaemonSupervisor, type SupervisorLog } from './daemon-supervisor.js';
import { Deltas } from './deltas.js';
import { DigestMaps } from './digest-maps.js';
import { ExportSpecs } from './export-specs.js';
import { Folds } from './folds.js';
import { Holds } from './holds.js';
import { listLeftBehind } from './left-behind.js';
import { ReadChains } from './read-chains.js';
import { Verification } from './verification.js';
import { VolumeAttachments } from './volume-attachments.js';
import { VolumeLeases } from './volume-leases.js';
import { VolumeProvisioning } from './volume-provisioning.js';
import { VolumeSnapshots } from './volume-snapshots.js';
import type { ContextTargets, TargetSessions, VolumesSettings } from './volumes-ports.js';
import { VolumesService } from './volumes.service.js';
import { WrittenCheck } from './written-check.js';

export interface VolumesInput {
  readonly database: DataSource;
  readonly sessions: TargetSessions;
  readonly targets: ContextTargets;
  readonly settings: VolumesSettings;
  readonly engine: CopyEngine;
  readonly runner: ProcessRunner;
  readonly log: SupervisorLog;
}

/** Puts the room together; the order of construction is the order of dependence. */
export function composeVolumes(input: VolumesInput): VolumesService {
  const { database, sessions, targets, settings, engine, runner, log } = input;
  const { spoolDir, spoolReserveBytes, stateDir, runDir } = settings;
  const images = new ImageTool(runner);
  const locks = new ContextLocks();
  const attachments = new VolumeAttachments(database, sessions);
  const leases = new VolumeLeases(database);
  const deltas = new Deltas({ database, images, spoolDir, spoolReserveBytes });
  const digests = new DigestMaps(stateDir);
  const specs = new ExportSpecs(database, attachments, deltas, leases);
  const daemons = new DaemonSupervisor({ database, runner, runDir, specs, log });
  const exports = new CycleExports({ database, attachments, leases, deltas, daemons });
  const folds = new Folds({ database, attachments, deltas, digests, images, locks });
  const holds = new Holds({ database, attachments, folds, locks });
  const chains = new ReadChains({ database, attachments, deltas, locks, runner, runDir });
  return new VolumesService({
    locks,
    attachments,
    provisioning: new VolumeProvisioning(database, targets, attachments, deltas, digests),
    daemons,
    deltas,
    exports,
    written: new WrittenCheck({ database, exports, deltas, leases, images }),
    digests,
    folds,
    holds,
    snapshots: new VolumeSnapshots({ database, attachments, holds, locks }),
    chains,
    verification: new Verification(chains, digests, engine),
    recovery: new BootRecovery({ database, settings, attachments, deltas, folds, daemons, log }),
    leftBehind: () => listLeftBehind(database, settings, { daemons, chains }),
  });
}
