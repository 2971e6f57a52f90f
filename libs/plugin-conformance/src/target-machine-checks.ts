import assert from 'node:assert/strict';
import type { MachineBlueprint, MachineRef, NetworkRef, TargetSession } from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertBytes,
  calm,
  freshBytes,
  freshKey,
  rejectsWith,
  withSession,
} from './clause.js';
import { provisionChecks } from './provision-checks.js';
import { assertPicture } from './source-power-checks.js';
import type { Check, TargetSubject } from './subjects.js';
import { CLUSTER, blueprint, get, newMachine, put, volumeBytes } from './target-scene.js';

const connect = ({ plugin, settings, context }: TargetSubject): Promise<TargetSession> =>
  plugin.connect(settings, context, { signal: calm() });

function machineClause(
  clause: string,
  body: (
    session: TargetSession,
    made: Awaited<ReturnType<typeof newMachine>>,
    subject: TargetSubject,
  ) => Promise<void>,
  needs?: string,
): Check<TargetSubject> {
  return {
    clause,
    ...(needs === undefined ? {} : { needs }),
    run: (subject) =>
      withSession(subject, async (session, undo) =>
        body(session, await newMachine(session, subject, undo), subject),
      ),
  };
}

const stateOf = (session: TargetSession, machine: MachineRef): Promise<string> =>
  session.machines.state(machine, { signal: calm() });

/** Clauses about machines, their power, their console and the networks made for them. */
export const TARGET_MACHINE_CHECKS: readonly Check<TargetSubject>[] = [
  ...provisionChecks<TargetSubject, TargetSession, MachineBlueprint<unknown>, MachineRef>({
    what: 'machines',
    several: false,
    connect,
    provision: (session) => session.machines,
    prepare: (subject, session, undo) => blueprint(session, subject, undo),
  }),
  machineClause('a new machine is stopped', async (session, { machine }) => {
    assert.equal(await stateOf(session, machine), 'stopped');
  }),
  machineClause(
    'a started machine runs, a stopped one is confirmed off, both may be repeated',
    async (session, { machine }) => {
      const signal = calm();
      for (let round = 0; round < 2; round += 1) {
        await session.machines.start(machine, { signal });
        assert.equal(await stateOf(session, machine), 'running', 'start came back before the machine ran');
      }
      for (let round = 0; round < 2; round += 1) {
        await session.machines.stop(machine, { signal });
        assert.equal(await stateOf(session, machine), 'stopped', 'stop came back before the machine was off');
      }
    },
  ),
  machineClause(
    'a later session sees the machine run and can stop it',
    async (session, { machine }, subject) => {
      await session.machines.start(machine, { signal: calm() });
      await withSession(subject, async (later) => {
        assert.equal(await stateOf(later, machine), 'running');
        await later.machines.stop(machine, { signal: calm() });
      });
      assert.equal(await stateOf(session, machine), 'stopped');
    },
  ),
  machineClause(
    'the volume of a running machine opens nowhere else: volume.in-use',
    async (session, { machine, volume }) => {
      await session.machines.start(machine, { signal: calm() });
      await rejectsWith('volume.in-use', 'opening the volume of a running machine', async () => {
        const lease = await session.volumes.open(volume, { signal: calm() });
        await lease[Symbol.asyncDispose]();
      });
    },
  ),
  machineClause(
    'removing a machine keeps its volumes',
    async (session, { machine, volume, spec }, subject) => {
      const at = volumeBytes(subject) - CLUSTER;
      await session.machines.remove(machine, { signal: calm() });
      const bytes = freshBytes(CLUSTER);
      await put(session, subject, volume, at, bytes);
      const again = await session.machines.create(spec, { key: freshKey(), signal: calm() });
      await session.machines.remove(again, { signal: calm() });
      assertBytes(
        'the volume of the removed machine',
        await get(session, subject, volume, at, CLUSTER),
        bytes,
      );
    },
  ),
  machineClause(
    'console: a screenshot is a picture and the serial log is no longer than asked',
    async (session, { machine }) => {
      const { consoleScreenshot } = session.can;
      if (!consoleScreenshot) throw new NotApplicable('the session takes no screenshots');
      await session.machines.start(machine, { signal: calm() });
      assertPicture(await consoleScreenshot.screenshot(machine, { signal: calm() }));
      const log = await consoleScreenshot.serialLog?.(machine, { signal: calm(), maxBytes: 64 });
      assert.ok(log === undefined || Buffer.byteLength(log) <= 64, 'the serial log is longer than asked');
    },
    'consoleScreenshot',
  ),
  machineClause(
    'console: the address is one of the web',
    async (session, { machine }) => {
      const { consoleUrl } = session.can;
      if (!consoleUrl) throw new NotApplicable('the session has no address of a console');
      await session.machines.start(machine, { signal: calm() });
      const { protocol } = new URL(await consoleUrl.url(machine, { signal: calm() }));
      assert.match(protocol, /^https?:$/, 'the address is not for a browser');
    },
    'consoleUrl',
  ),
  ...provisionChecks<TargetSubject, TargetSession, { readonly name: string }, NetworkRef>({
    what: 'isolated networks',
    needs: 'isolatedNetworks',
    several: true,
    connect,
    provision: (session) => session.can.isolatedNetworks,
    prepare: () => Promise.resolve({ name: `conformance-${freshKey().slice(-8)}` }),
  }),
  {
    clause: 'isolated networks: one that was made is listed as isolated, one that was removed is not',
    needs: 'isolatedNetworks',
    run: (subject) =>
      withSession(subject, async ({ networks, can: { isolatedNetworks } }, undo) => {
        if (!isolatedNetworks) throw new NotApplicable('the session makes no isolated networks');
        const name = `conformance-${freshKey().slice(-8)}`;
        const ref = await isolatedNetworks.create({ name }, { key: freshKey(), signal: calm() });
        undo(() => isolatedNetworks.remove(ref, { signal: calm() }));
        const listed = await networks.list({ signal: calm() });
        assert.equal(listed.find((entry) => entry.ref === ref)?.isolated, true, 'not listed as isolated');
        await isolatedNetworks.remove(ref, { signal: calm() });
        const left = await networks.list({ signal: calm() });
        assert.ok(!left.some((entry) => entry.ref === ref), 'the removed network is still listed');
      }),
  },
];
