import { provisioned, unprovisioned, type StepHandlers, type StepsOf } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { MachineBlueprint } from '@ossea/plugin-sdk';
import type { EntityManager } from 'typeorm';
import type { RunContext } from '../replication/run-context.js';
import { hardwareOf, nicsOf } from './blueprint.js';
import { judgeBoot } from './boot-verdict.js';
import { FailoverRun } from './failover-run.entity.js';

/** A run of a test failover: its context, and which run it is. */
export interface TestRunContext extends RunContext {
  readonly failoverRunId: string;
  /** The name of the test machine: never the name of the original. */
  readonly machineName: string;
}

/** Notes on the record of a test, as a write of the step's own transaction. */
const noteTest =
  (id: string, note: Partial<Pick<FailoverRun, 'pointSequence' | 'machineRef' | 'verdict'>>) =>
  async (transaction: unknown): Promise<void> => {
    await (transaction as EntityManager).getRepository(FailoverRun).update({ id }, note as object);
  };

export const TEST_HANDLERS: StepHandlers<TestRunContext, StepsOf<'testing' | 'cleaning-up'>> = {
  async 'hold-folds'(_given, { signal, joinEnd, context }) {
    const generation = await context.volumes.hold(context.contextId, context.failoverRunId, {
      signal,
      reason: 'a test failover reads the volumes',
    });
    joinEnd(noteTest(context.failoverRunId, { pointSequence: generation }));
    return { hold: { generation } };
  },

  async 'snapshot-volumes'(_given, { signal, keys, context }) {
    return {
      testSnapshots: await context.volumes.snapshot(context.contextId, 'test', keys.testSnapshots, {
        signal,
      }),
    };
  },

  async 'release-hold'(_given, { context }) {
    await context.volumes.releaseHold(context.contextId, context.failoverRunId);
  },

  async 'make-copies'({ testSnapshots }, { signal, keys, context }) {
    const { contextId, volumes } = context;
    return { testVolumes: await volumes.copiesOf(contextId, testSnapshots, keys.testVolumes, { signal }) };
  },

  async 'make-isolated-network'(_given, { signal, keys, context }) {
    const networks = context.target.can.isolatedNetworks;
    if (!networks)
      throw new MigrationError('plugin.unsupported', 'The target cannot make isolated networks.');
    const spec = { name: `${context.machineName}-net` };
    return { testNetwork: await provisioned(networks, spec, keys.testNetwork, { signal }) };
  },

  async 'create-test-machine'({ vm, testVolumes, testNetwork }, { signal, keys, context }) {
    const blueprint: MachineBlueprint<unknown> = {
      name: context.machineName,
      ...hardwareOf(vm),
      disks: vm.disks.map((disk) => {
        const copy = testVolumes.find((one) => one.disk === disk.key);
        if (!copy)
          throw new MigrationError('resource.not-found', `No test copy belongs to the disk "${disk.key}".`);
        return { volume: copy.volume, boot: disk.boot };
      }),
      // Without an isolated network the machine gets no network at all: two machines with one address must not meet.
      nics:
        testNetwork === undefined
          ? await nicsOf(context, vm, 'test')
          : vm.nics.map(({ mac, addresses }) => ({
              mac,
              network: testNetwork,
              ...(addresses ? { addresses } : {}),
            })),
      placement: context.placement,
    };
    return {
      testMachine: await provisioned(context.target.machines, blueprint, keys.testMachine, { signal }),
    };
  },

  async 'start-test-machine'({ testMachine }, { signal, context }) {
    await context.target.machines.start(testMachine, { signal });
  },

  async 'judge-boot'({ testMachine }, { signal, report, joinEnd, context }) {
    const bootVerdict = await judgeBoot(context, testMachine, { signal, report });
    joinEnd(noteTest(context.failoverRunId, { machineRef: testMachine, verdict: { ...bootVerdict } }));
    return { bootVerdict };
  },

  async 'stop-test-machine'({ testMachine }, { signal, keys, context }) {
    const { machines } = context.target;
    const ref = testMachine ?? (keys.testMachine && (await machines.find(keys.testMachine, { signal }))?.ref);
    if (ref) await machines.stop(ref, { signal });
  },

  async 'remove-test-machine'(_given, { signal, keys, context }) {
    if (keys.testMachine) await unprovisioned(context.target.machines, keys.testMachine, { signal });
  },

  async 'remove-copies'(_given, { signal, keys, context }) {
    if (keys.testVolumes) await context.volumes.removeCopies(context.contextId, keys.testVolumes, { signal });
  },

  async 'remove-test-network'(_given, { signal, keys, context }) {
    const networks = context.target.can.isolatedNetworks;
    if (keys.testNetwork && networks) await unprovisioned(networks, keys.testNetwork, { signal });
  },

  async 'remove-test-snapshots'(_given, { signal, keys, context }) {
    if (keys.testSnapshots)
      await context.volumes.dropSnapshots(context.contextId, keys.testSnapshots, { signal });
  },
};
