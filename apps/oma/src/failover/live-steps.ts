import { provisioned, unprovisioned, type StepHandlers, type StepsOf } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { MachineBlueprint } from '@ossea/plugin-sdk';
import { CYCLE_HANDLERS } from '../replication/cycle-steps.js';
import { asFact, endCycle, lastPoint, markFolded } from '../replication/recovery-points.js';
import { raiseGeneration, returnToGeneration } from '../replication/target-generation.js';
import { verifyPoint } from '../replication/verify-point.js';
import type { RunContext } from '../replication/run-context.js';
import { judgeBoot } from './boot-verdict.js';
import { hardwareOf, nicsOf } from './blueprint.js';
import { noteBoot } from './live-outcome.js';
import { mustBePossible } from './pre-flight.js';

type LiveSteps = Exclude<
  StepsOf<'cutting-over' | 'rolling-back' | 'committing' | 'unwinding'>,
  keyof typeof CYCLE_HANDLERS
>;

/** How long a guest may take to shut down before the operator is asked. */
const SHUTDOWN_TIMEOUT_MS = 300_000;

export const LIVE_HANDLERS: StepHandlers<RunContext, LiveSteps> = {
  async 'run-pre-flight'({ vmId }, { signal, context }) {
    const warnings = await mustBePossible(context, vmId, 'live', signal);
    const sourcePower = (await context.source.can.power?.state(vmId, { signal })) ?? 'running';
    return { preFlight: { checkedAt: new Date().toISOString(), sourcePower, warnings } };
  },

  async 'fold-all-deltas'(_given, { signal, context }) {
    await context.volumes.fold(context.contextId, { signal, keep: false });
    await markFolded(context);
  },

  async 'verify-recovery-point'({ recoveryPoint }, { signal, report, context }) {
    const { bytesChecked } = await verifyPoint(context, 'all', {
      signal,
      onProgress: (fraction) => report({ fraction }),
    });
    return { verified: { generation: recoveryPoint.generation, bytesChecked } };
  },

  async 'take-rollback-point'(_given, { signal, keys, context }) {
    return {
      rollbackPoint: await context.volumes.snapshot(context.contextId, 'rollback', keys.rollbackPoint, {
        signal,
      }),
    };
  },

  async 'stop-source'({ vm, preFlight }, { signal, context }) {
    const askedAt = new Date().toISOString();
    context.say('The source machine is asked to shut down; the downtime begins.', { at: askedAt });
    await context.source.can.power?.stop(vm.id, { signal, force: false, timeoutMs: SHUTDOWN_TIMEOUT_MS });
    return { sourceHold: { was: preFlight.sourcePower, askedAt } };
  },

  async 'confirm-source-stopped'({ vm }, { signal, context }) {
    const { power } = await context.source.inventory.describe(vm.id, { signal });
    if (power !== 'stopped')
      throw new MigrationError('machine.not-stopped', `The source machine "${vm.name}" is ${power}.`);
  },

  async 'verify-final-ranges'({ recoveryPoint }, { signal, context }) {
    await context.volumes.verify(context.contextId, {
      signal,
      scope: { sequence: recoveryPoint.generation },
    });
  },

  async 'fold-keeping-delta'({ recoveryPoint }, { signal, context }) {
    await context.volumes.fold(context.contextId, { signal, keep: true });
    await markFolded(context);
    return { keptDelta: { generation: recoveryPoint.generation } };
  },

  async 'create-machine'({ vm, volumes }, { signal, keys, context }) {
    const blueprint: MachineBlueprint<unknown> = {
      name: vm.name,
      ...hardwareOf(vm),
      disks: vm.disks.map((disk) => ({
        volume: volumes.find((one) => one.disk === disk.key)?.volume ?? missing(disk.key),
        boot: disk.boot,
      })),
      nics: await nicsOf(context, vm, 'live'),
      placement: context.placement,
    };
    return { machine: await provisioned(context.target.machines, blueprint, keys.machine, { signal }) };
  },

  async 'start-machine'({ machine }, { signal, context }) {
    // The guest writes from its first second: what was sealed before cannot be topped up any more.
    await raiseGeneration(context);
    await context.target.machines.start(machine, { signal });
  },

  async 'check-boot'({ machine, sourceHold }, { signal, report, joinEnd, context }) {
    const bootVerdict = await judgeBoot(context, machine, { signal, report });
    joinEnd(noteBoot(context, { machine, bootVerdict, askedAt: sourceHold?.askedAt }));
    context.say('The target machine is up; the downtime ends.', {
      at: new Date().toISOString(),
      ...bootVerdict,
    });
    return { bootVerdict };
  },

  async 'stop-machine'({ machine }, { signal, keys, context }) {
    const ref =
      machine ?? (keys.machine && (await context.target.machines.find(keys.machine, { signal }))?.ref);
    if (ref) await context.target.machines.stop(ref, { signal });
  },

  async 'remove-machine'(_given, { signal, keys, context }) {
    if (keys.machine) await unprovisioned(context.target.machines, keys.machine, { signal });
  },

  async 'revert-volumes'({ rollbackPoint }, { signal, context }) {
    await context.volumes.revert(rollbackPoint, { signal });
    const point = await lastPoint(context.database, context.contextId);
    if (!point) throw new MigrationError('resource.not-found', 'There is no recovery point to return to.');
    await returnToGeneration(context, point.generation);
    return {
      recoveryPoint: asFact(point),
      changeTokens: point.disks.flatMap((disk) =>
        disk.changeToken ? [{ disk: disk.diskKey, token: disk.changeToken }] : [],
      ),
    };
  },

  async 'fold-kept-delta'(_given, { signal, context }) {
    await context.volumes.foldKept(context.contextId, { signal });
  },

  async 'discard-kept-delta'(_given, { context }) {
    await context.volumes.discardKept(context.contextId);
  },

  async 'drop-rollback-point'(_given, { signal, keys, context }) {
    if (keys.rollbackPoint)
      await context.volumes.dropSnapshots(context.contextId, keys.rollbackPoint, { signal });
  },

  async 'start-source'({ vmId, sourceHold }, { signal, context }) {
    // Without a value the crash came before the stop was confirmed: starting a running machine succeeds.
    if (sourceHold === undefined || sourceHold.was === 'running')
      await context.source.can.power?.start(vmId, { signal });
  },

  async 'accept-machine'(_given, { context }) {
    await endCycle(context.database, context.contextId, 'cancelled');
  },

  async 'disable-change-tracking'({ vmId }, { signal, context }) {
    await context.source.can.changedBlocks?.disable(vmId, { signal });
  },

  async 'detach-volumes'(_given, { signal, context }) {
    await context.volumes.detach(context.contextId, { signal });
  },

  async 'remove-volumes'(_given, { signal, context }) {
    await context.volumes.remove(context.contextId, { signal });
  },

  async 'keep-volumes'(_given, { context }) {
    context.say('The volumes stay where they are and are the operator’s now.');
  },
};

function missing(disk: string): never {
  throw new MigrationError('resource.not-found', `No volume belongs to the disk "${disk}".`);
}
