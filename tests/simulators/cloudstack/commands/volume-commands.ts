import { invalid } from '../protocol/api-error.js';
import { ASSIGN_RULES } from '../rules/assign-rules.js';
import { checkLimit } from '../rules/limits.js';
import { apply } from '../rules/rule.js';
import {
  CREATE_VOLUME_RULES,
  REMOVE_VOLUME_RULES,
  RESIZE_RULES,
  newBytes,
  type Removing,
} from '../rules/volume-rules.js';
import { isAtLeast } from '../settings.js';
import type { Volume } from '../state/model.js';
import { newRow } from '../state/table.js';
import {
  attachVolume,
  expungeVolume,
  fillFromSnapshot,
  placeVolume,
  resizeVolume,
} from '../storage/volume-work.js';
import { volumeView } from '../views/volume-view.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { all, byIds, contains, equals, hasTags, inScope, listed } from './lists.js';
import { ownerOf } from './owner.js';

const GIB = 2 ** 30;

function createVolume(call: Call) {
  const { world } = call.cloud;
  const owner = ownerOf(call);
  checkLimit(call.cloud, owner, { volumes: 1 });
  const snapshot = call.find(world.snapshots, 'snapshotid');
  const offering = call.find(world.diskOfferings, 'diskofferingid');
  const sizeGib = call.number('size');
  const zone = call.find(world.zones, 'zoneid') ?? snapshot?.volume.zone;
  apply(CREATE_VOLUME_RULES, { offering, snapshot, sizeGib, hasZone: zone !== undefined });
  const sizeBytes = snapshot && !offering ? snapshot.sizeBytes : (offering?.sizeGib ?? sizeGib!) * GIB;
  if (snapshot && sizeBytes < snapshot.sizeBytes)
    throw invalid(
      `Invalid size for volume creation: ${sizeBytes / GIB}GB, snapshot size is: ${snapshot.sizeBytes / GIB}GB`,
    );
  checkLimit(call.cloud, owner, { primaryStorageGib: sizeBytes / GIB });
  const row = newRow();
  const volume = world.volumes.add<Volume>({
    ...row,
    name: call.text('name')?.trim() || `vol-${row.number}`,
    account: owner,
    zone: zone!,
    type: 'DATADISK',
    state: snapshot ? 'Creating' : 'Allocated',
    sizeBytes,
    offering: offering ?? snapshot?.volume.offering,
    // a replicated disk never has one
    template: snapshot?.volume.template,
    fromSnapshot: snapshot?.id,
    onPrimary: false,
    attachment: undefined,
  });
  const machine = call.find(world.machines, 'virtualmachineid');
  const placed = call.text('storageid') !== undefined && isAtLeast(call.cloud.settings, '4.22.1');
  return call.submit(
    {
      instance: { type: 'Volume', id: volume.id },
      run: async () => {
        if (snapshot) await fillFromSnapshot(call.cloud, volume, snapshot);
        else if (placed) await placeVolume(call.cloud, volume);
        if (snapshot && machine) await attachVolume(call.cloud, { volume, machine, deviceId: undefined });
        return { volume: volumeView(call.cloud, volume) };
      },
      failed: () => expungeVolume(call.cloud, volume),
    },
    volume,
  );
}

const removing = (call: Call, volume: Volume, expunge: Removing['expunge']): Removing => ({
  world: call.cloud.world,
  settings: call.cloud.settings,
  caller: call.caller,
  volume,
  expunge,
});

async function remove(call: Call) {
  const volume = call.get(call.cloud.world.volumes, 'id');
  apply(REMOVE_VOLUME_RULES, removing(call, volume, 'of course'));
  await expungeVolume(call.cloud, volume);
  return { success: true };
}

function destroy(call: Call) {
  const volume = call.get(call.cloud.world.volumes, 'id');
  const expunge = call.flag('expunge') ?? false;
  return call.submit({
    instance: { type: 'Volume', id: volume.id },
    check: () => apply(REMOVE_VOLUME_RULES, removing(call, volume, expunge)),
    run: async () => {
      if (expunge) await expungeVolume(call.cloud, volume);
      else volume.state = 'Destroy';
      return { volume: volumeView(call.cloud, volume) };
    },
  });
}

function resize(call: Call) {
  const { world, settings } = call.cloud;
  const volume = call.get(world.volumes, 'id');
  const subject = {
    world,
    settings,
    volume,
    offering: call.find(world.diskOfferings, 'diskofferingid'),
    sizeGib: call.number('size'),
    shrinkOk: call.flag('shrinkok') ?? false,
  };
  return call.submit({
    instance: { type: 'Volume', id: volume.id },
    machineId: volume.attachment?.machine.id,
    check: () => {
      apply(RESIZE_RULES, subject);
      const more = (newBytes(subject) - volume.sizeBytes) / GIB;
      if (more > 0) checkLimit(call.cloud, volume.account, { primaryStorageGib: more });
    },
    run: async () => {
      await resizeVolume(call.cloud, volume, newBytes(subject));
      volume.offering = subject.offering ?? volume.offering;
      return { volume: volumeView(call.cloud, volume) };
    },
  });
}

function update(call: Call) {
  const volume = call.get(call.cloud.world.volumes, 'id');
  return call.submit({
    instance: { type: 'Volume', id: volume.id },
    run: async () => {
      if (volume.removed) throw invalid("The volume id doesn't exist");
      volume.name = call.text('name') ?? volume.name;
      return { volume: volumeView(call.cloud, volume) };
    },
  });
}

function assign(call: Call) {
  const { world } = call.cloud;
  const volume = call.get(world.volumes, 'volumeid');
  const account = call.find(world.accounts, 'accountid');
  apply(ASSIGN_RULES, { world, volume, account, caller: call.caller });
  checkLimit(call.cloud, account!, { volumes: 1, primaryStorageGib: volume.sizeBytes / GIB });
  volume.account = account!;
  return { volume: volumeView(call.cloud, volume) };
}

function list(call: Call) {
  const rows = call.cloud.world.volumes.all().filter(
    all<Volume>(
      inScope(call),
      byIds(call),
      equals(call, 'name', ({ name }) => name),
      contains(call, 'keyword', ({ name }) => name),
      equals(call, 'type', ({ type }) => type),
      equals(call, 'state', ({ state }) => state),
      equals(call, 'virtualmachineid', ({ attachment }) => attachment?.machine.id),
      equals(call, 'zoneid', ({ zone }) => zone.id),
      equals(call, 'storageid', ({ onPrimary }) => (onPrimary ? call.cloud.world.pool.id : undefined)),
      equals(call, 'diskofferingid', ({ offering }) => offering?.id),
      hasTags(call),
    ),
  );
  return listed(call, 'volume', rows, (volume) => volumeView(call.cloud, volume));
}

const OWNER = { account: 'string', domainid: 'domain', projectid: 'project' } as const;

export const VOLUME_COMMANDS: readonly Command[] = [
  {
    name: 'createVolume',
    job: 'volume.CreateVolumeCmd',
    parameters: {
      name: 'string',
      diskofferingid: 'diskOffering',
      size: 'long',
      zoneid: 'zone',
      snapshotid: 'snapshot',
      virtualmachineid: 'machine',
      storageid: 'pool',
      miniops: 'long',
      maxiops: 'long',
      customid: 'string',
      ...OWNER,
    },
    answer: createVolume,
  },
  { name: 'deleteVolume', parameters: { 'id!': 'volume' }, answer: remove },
  {
    name: 'destroyVolume',
    job: 'volume.DestroyVolumeCmd',
    parameters: { 'id!': 'volume', expunge: 'boolean' },
    answer: destroy,
  },
  {
    name: 'resizeVolume',
    job: 'volume.ResizeVolumeCmd',
    parameters: {
      'id!': 'volume',
      size: 'long',
      diskofferingid: 'diskOffering',
      shrinkok: 'boolean',
      miniops: 'long',
      maxiops: 'long',
      automigrate: 'boolean',
    },
    answer: resize,
  },
  {
    name: 'updateVolume',
    job: 'volume.UpdateVolumeCmd',
    parameters: { 'id!': 'volume', name: 'string', deleteprotection: 'boolean', customid: 'string' },
    answer: update,
  },
  {
    name: 'assignVolume',
    parameters: { 'volumeid!': 'volume', accountid: 'account', projectid: 'project' },
    answer: assign,
  },
  {
    name: 'listVolumes',
    parameters: {
      id: 'volume',
      ids: 'volumes',
      name: 'string',
      type: 'string',
      state: 'string',
      virtualmachineid: 'machine',
      zoneid: 'zone',
      storageid: 'pool',
      diskofferingid: 'diskOffering',
      tags: 'map',
      ...OWNED,
    },
    answer: list,
  },
];
