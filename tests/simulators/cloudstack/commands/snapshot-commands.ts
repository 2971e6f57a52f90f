import { invalid } from '../protocol/api-error.js';
import { checkLimit } from '../rules/limits.js';
import { apply } from '../rules/rule.js';
import {
  CREATE_SNAPSHOT_RULES,
  DELETE_SNAPSHOT_RULES,
  REVERT_RULES,
  TAKE_SNAPSHOT_RULES,
} from '../rules/snapshot-rules.js';
import type { Snapshot } from '../state/model.js';
import { newRow } from '../state/table.js';
import { removeSnapshot, revertSnapshot, takeSnapshot } from '../storage/snapshot-work.js';
import { snapshotView } from '../views/snapshot-view.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { all, byIds, contains, equals, hasTags, inScope, listed } from './lists.js';
import { addTags } from './tags.js';

const GIB = 2 ** 30;

function create(call: Call) {
  const { world, settings } = call.cloud;
  const volume = call.get(world.volumes, 'volumeid');
  const subject = { world, settings, volume, quiesce: call.flag('quiescevm') ?? false };
  apply(CREATE_SNAPSHOT_RULES, subject);
  if (call.text('locationtype') !== undefined && !settings.poolManaged)
    throw invalid(`VolumeId: ${volume.number} LocationType is supported only for managed storage`);
  checkLimit(call.cloud, volume.account, { snapshots: 1, secondaryStorageGib: volume.sizeBytes / GIB });
  const row = newRow();
  const machine = volume.attachment?.machine;
  const time = row.created.toISOString().replace(/\D/g, '').slice(0, 14);
  const snapshot = world.snapshots.add<Snapshot>({
    ...row,
    name: call.text('name') ?? `${machine?.name ?? 'detached'}_${volume.name}_${time}`,
    account: volume.account,
    volume,
    sizeBytes: volume.sizeBytes,
    physicalBytes: 0,
    state: 'Allocated',
    onPrimary: settings.snapshotsStayOnPrimary,
  });
  return call.submit(
    {
      instance: { type: 'Snapshot', id: snapshot.id },
      machineId: machine?.id,
      check: () => apply(TAKE_SNAPSHOT_RULES, subject),
      run: async () => {
        // what was waited for in the machine's queue may have changed what was true when it was allocated
        apply(CREATE_SNAPSHOT_RULES, subject);
        await takeSnapshot(call.cloud, snapshot, { asyncBackup: call.flag('asyncbackup') ?? false });
        addTags(call.cloud, { ids: [snapshot.id], type: 'Snapshot', tags: call.elements('tags') });
        return { snapshot: snapshotView(call.cloud, snapshot) };
      },
      failed: async () => {
        await call.cloud.files.removeSnapshot(snapshot.id);
        snapshot.state = 'Error';
      },
    },
    snapshot,
  );
}

function revert(call: Call) {
  const snapshot = call.get(call.cloud.world.snapshots, 'id');
  return call.submit({
    instance: { type: 'Snapshot', id: snapshot.id },
    check: () => apply(REVERT_RULES, { world: call.cloud.world, snapshot }),
    run: async () => {
      await revertSnapshot(call.cloud, snapshot);
      return { snapshot: snapshotView(call.cloud, snapshot) };
    },
  });
}

function remove(call: Call) {
  const snapshot = call.get(call.cloud.world.snapshots, 'id');
  return call.submit({
    instance: { type: 'Snapshot', id: snapshot.id },
    check: () => apply(DELETE_SNAPSHOT_RULES, { world: call.cloud.world, snapshot }),
    run: async () => {
      await removeSnapshot(call.cloud, snapshot);
      return { success: true };
    },
  });
}

function list(call: Call) {
  const rows = call.cloud.world.snapshots.all().filter(
    all<Snapshot>(
      inScope(call),
      byIds(call),
      contains(call, 'name', ({ name }) => name),
      contains(call, 'keyword', ({ name }) => name),
      equals(call, 'volumeid', ({ volume }) => volume.id),
      equals(call, 'snapshottype', () => 'MANUAL'),
      equals(call, 'intervaltype', () => 'MANUAL'),
      equals(call, 'zoneid', ({ volume }) => volume.zone.id),
      hasTags(call),
    ),
  );
  return listed(call, 'snapshot', rows, (snapshot) => snapshotView(call.cloud, snapshot));
}

export const SNAPSHOT_COMMANDS: readonly Command[] = [
  {
    name: 'createSnapshot',
    job: 'snapshot.CreateSnapshotCmd',
    parameters: {
      'volumeid!': 'volume',
      name: 'string',
      account: 'string',
      domainid: 'domain',
      policyid: 'string',
      quiescevm: 'boolean',
      locationtype: 'string',
      asyncbackup: 'boolean',
      tags: 'map',
      zoneids: 'zones',
    },
    answer: create,
  },
  {
    name: 'revertSnapshot',
    job: 'snapshot.RevertSnapshotCmd',
    parameters: { 'id!': 'snapshot' },
    answer: revert,
  },
  {
    name: 'deleteSnapshot',
    job: 'snapshot.DeleteSnapshotCmd',
    parameters: { 'id!': 'snapshot', zoneid: 'zone' },
    answer: remove,
  },
  {
    name: 'listSnapshots',
    parameters: {
      id: 'snapshot',
      ids: 'snapshots',
      name: 'string',
      volumeid: 'volume',
      snapshottype: 'string',
      intervaltype: 'string',
      zoneid: 'zone',
      showunique: 'boolean',
      tags: 'map',
      ...OWNED,
    },
    answer: list,
  },
];
