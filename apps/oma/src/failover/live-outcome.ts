import type { BootVerdict } from '@ossea/core';
import type { MachineRef } from '@ossea/plugin-sdk';
import type { EntityManager } from 'typeorm';
import type { RunContext } from '../replication/run-context.js';
import { FailoverRun } from './failover-run.entity.js';

/** The newest live failover of a context. */
export function newestLiveRun(manager: EntityManager, contextId: string): Promise<FailoverRun | null> {
  return manager
    .getRepository(FailoverRun)
    .findOne({ where: { contextId, kind: 'live' }, order: { id: 'DESC' } });
}

/** What the boot verdict says about the failover, as a write of the step's own transaction. */
export function noteBoot(
  { contextId }: RunContext,
  boot: {
    readonly machine: MachineRef;
    readonly bootVerdict: BootVerdict;
    /** Absent where the operator switched the source off. */
    readonly askedAt: string | undefined;
  },
): (transaction: unknown) => Promise<void> {
  return async (transaction) => {
    const manager = transaction as EntityManager;
    const run = await newestLiveRun(manager, contextId);
    if (!run) return;
    await manager.getRepository(FailoverRun).update(
      { id: run.id },
      {
        machineRef: boot.machine,
        verdict: { ...boot.bootVerdict } as never,
        downtimeMs: boot.askedAt === undefined ? null : Date.now() - Date.parse(boot.askedAt),
      },
    );
  };
}
