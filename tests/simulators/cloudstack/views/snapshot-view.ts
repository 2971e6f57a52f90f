import type { Cloud } from '../cloud.js';
import type { Payload } from '../protocol/answer-text.js';
import { cloudDate } from '../protocol/expires.js';
import type { Snapshot, VmSnapshot } from '../state/model.js';
import { pendingJob } from './job-view.js';
import { ownership, tagsView } from './ownership-view.js';

export function snapshotView(cloud: Cloud, snapshot: Snapshot): Payload {
  const { volume } = snapshot;
  return {
    id: snapshot.id,
    name: snapshot.name,
    volumeid: volume.id,
    volumename: volume.name,
    volumetype: volume.type,
    volumestate: volume.state,
    state: snapshot.state,
    snapshottype: 'MANUAL',
    intervaltype: 'MANUAL',
    locationtype: snapshot.onPrimary ? 'PRIMARY' : 'SECONDARY',
    physicalsize: snapshot.physicalBytes,
    virtualsize: snapshot.sizeBytes,
    revertable: snapshot.state === 'BackedUp',
    zoneid: volume.zone.id,
    ...ownership(cloud, snapshot.account),
    created: cloudDate(snapshot.created),
    tags: tagsView(cloud, snapshot.id),
    ...pendingJob(cloud, snapshot.id),
  };
}

export function vmSnapshotView(cloud: Cloud, snapshot: VmSnapshot): Payload {
  const { machine } = snapshot;
  return {
    id: snapshot.id,
    name: snapshot.name,
    displayname: snapshot.displayName,
    description: snapshot.description,
    state: snapshot.state,
    type: snapshot.type,
    current: cloud.world.vmSnapshotsOf(machine).at(-1) === snapshot,
    virtualmachineid: machine.id,
    virtualmachinename: machine.name,
    zoneid: machine.zone.id,
    hypervisor: 'KVM',
    ...ownership(cloud, snapshot.account),
    created: cloudDate(snapshot.created),
    tags: tagsView(cloud, snapshot.id),
    ...pendingJob(cloud, snapshot.id),
  };
}
