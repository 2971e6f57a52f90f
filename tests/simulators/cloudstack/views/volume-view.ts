import type { Cloud } from '../cloud.js';
import type { Payload } from '../protocol/answer-text.js';
import { cloudDate } from '../protocol/expires.js';
import type { Volume } from '../state/model.js';
import { pendingJob } from './job-view.js';
import { ownership, tagsView } from './ownership-view.js';

export function volumeView(cloud: Cloud, volume: Volume): Payload {
  const { attachment, zone, offering, template } = volume;
  const machine = attachment?.machine;
  return {
    id: volume.id,
    name: volume.name,
    type: volume.type,
    state: volume.state,
    size: volume.sizeBytes,
    zoneid: zone.id,
    zonename: zone.name,
    ...ownership(cloud, volume.account),
    created: cloudDate(volume.created),
    ...(offering ? { diskofferingid: offering.id, diskofferingname: offering.name } : {}),
    ...(template ? { templateid: template.id, templatename: template.name } : {}),
    ...(volume.fromSnapshot === undefined ? {} : { snapshotid: volume.fromSnapshot }),
    hypervisor: volume.onPrimary || machine ? 'KVM' : 'None',
    provisioningtype: 'thin',
    storagetype: 'shared',
    ...(volume.onPrimary ? onPrimary(cloud, volume) : {}),
    ...(machine
      ? {
          virtualmachineid: machine.id,
          vmname: machine.name,
          vmdisplayname: machine.displayName,
          vmstate: machine.state,
          deviceid: attachment.deviceId,
          attached: cloudDate(attachment.since),
        }
      : {}),
    destroyed: volume.state === 'Destroy',
    deleteprotection: false,
    quiescevm: false,
    isextractable: true,
    supportsstoragesnapshot: false,
    tags: tagsView(cloud, volume.id),
    ...pendingJob(cloud, volume.id),
  };
}

function onPrimary({ world }: Cloud, volume: Volume): Payload {
  return {
    storage: world.pool.name,
    storageid: world.pool.id,
    clusterid: world.cluster.id,
    podid: world.pod.id,
    path: volume.id,
    virtualsize: volume.sizeBytes,
  };
}
