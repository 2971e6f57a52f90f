import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import type { TargetSession, VolumeRef, VolumeSpec } from '@ossea/plugin-sdk';
import { assertBytes, assertJson, calm, freshBytes, withSession } from './clause.js';
import { provisionChecks } from './provision-checks.js';
import type { Check, TargetSubject } from './subjects.js';
import { CLUSTER, get, newVolume, onDevice, put, volumeBytes, volumeSpec } from './target-scene.js';

/** Clauses about volumes and the devices they open as. */
export const TARGET_VOLUME_CHECKS: readonly Check<TargetSubject>[] = [
  ...provisionChecks<TargetSubject, TargetSession, VolumeSpec<unknown>, VolumeRef>({
    what: 'volumes',
    several: true,
    connect: ({ plugin, settings, context }) => plugin.connect(settings, context, { signal: calm() }),
    provision: (session) => session.volumes,
    prepare: (subject) => Promise.resolve(volumeSpec(subject)),
  }),
  {
    clause: 'a volume opens at the size that was asked for, as a device whose format is told',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const volume = await newVolume(session, subject, undo);
        await onDevice(session, volume, async (device) => {
          assertJson('the device', device);
          assert.ok(isAbsolute(device.path), `${device.path} is no absolute path`);
          assert.ok(['raw', 'qcow2'].includes(device.format), `format ${String(device.format)}`);
          assert.ok(['file', 'block'].includes(device.kind), `kind ${String(device.kind)}`);
          const asked = volumeBytes(subject);
          assert.ok(device.sizeBytes >= asked, `${device.sizeBytes} bytes instead of ${asked}`);
          assert.equal(device.sizeBytes % 512, 0, 'not a whole number of sectors');
          assert.equal((await subject.read(device, asked - 512, 512)).length, 512);
        });
      }),
  },
  {
    clause: 'a size that is no multiple of a megabyte is kept in full',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const sizeBytes = volumeBytes(subject) + 512;
        const { name, placement } = volumeSpec(subject);
        const key = `conformance-odd-${freshBytes(6).toString('hex')}`;
        const volume = await session.volumes.create({ name, placement, sizeBytes }, { key, signal: calm() });
        undo(() => session.volumes.remove(volume, { signal: calm() }));
        const bytes = freshBytes(512);
        await put(session, subject, volume, sizeBytes - 512, bytes);
        assertBytes('the last sector', await get(session, subject, volume, sizeBytes - 512, 512), bytes);
      }),
  },
  {
    clause: 'a new volume reads as zeroes',
    needs: 'zeroedVolumes',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const last = volumeBytes(subject) - CLUSTER;
        // a platform that hands out old blocks shows them once some were written and freed
        const old = await newVolume(session, subject, undo);
        for (const at of [0, last]) await put(session, subject, old, at, freshBytes(CLUSTER));
        await session.volumes.remove(old, { signal: calm() });
        const volume = await newVolume(session, subject, undo);
        await onDevice(session, volume, async (device) => {
          for (const at of [0, Math.floor(last / 2 / CLUSTER) * CLUSTER, last]) {
            assertBytes(`at ${at}`, await subject.read(device, at, CLUSTER), Buffer.alloc(CLUSTER));
          }
        });
      }),
  },
  {
    clause: 'what is written survives closing and a later session',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const volume = await newVolume(session, subject, undo);
        const last = volumeBytes(subject) - CLUSTER;
        const [head, tail] = [freshBytes(CLUSTER), freshBytes(CLUSTER)];
        await put(session, subject, volume, 0, head);
        await put(session, subject, volume, last, tail);
        assertBytes('the head', await get(session, subject, volume, 0, CLUSTER), head);
        await withSession(subject, async (later) => {
          assertBytes('the tail, later', await get(later, subject, volume, last, CLUSTER), tail);
        });
      }),
  },
  {
    clause: 'volumes do not share bytes',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const [one, other] = [
          await newVolume(session, subject, undo),
          await newVolume(session, subject, undo),
        ];
        const [first, second] = [freshBytes(CLUSTER), freshBytes(CLUSTER)];
        await put(session, subject, one, CLUSTER, first);
        await put(session, subject, other, CLUSTER, second);
        assertBytes('the first volume', await get(session, subject, one, CLUSTER, CLUSTER), first);
        assertBytes('the second volume', await get(session, subject, other, CLUSTER, CLUSTER), second);
      }),
  },
  {
    clause: 'giving a volume back twice is harmless',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const lease = await session.volumes.open(await newVolume(session, subject, undo), { signal: calm() });
        await lease[Symbol.asyncDispose]();
        await lease[Symbol.asyncDispose]();
      }),
  },
];
