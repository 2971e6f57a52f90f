import type { CallOptions, TargetLimits } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { ApiFault, hypervisorCapabilitiesSchema } from './client/index.js';
import { KEY_TAG, tagOf } from './marks.js';
import { volumesOfMachine } from './volume-reads.js';

/** What KVM takes unless the administrator has changed it (`max_data_volumes_limit`, apache/cloudstack#980). */
const KVM_DATA_VOLUMES = 32;
const LEARNED_MS = 15 * 60_000;
/** Snapshots of detached volumes; those of attached ones wait in the appliance's own queue at CloudStack. */
const SNAPSHOTS_AT_ONCE = 4;

/** How much this appliance can hold. */
export class Limits {
  private perMachine: number | undefined;
  private askAgainAt = Number.POSITIVE_INFINITY;

  constructor(private readonly cloud: Cloud) {}

  /** Data disks that the appliance may have, other people's included. Only an administrator's key can ask for it. */
  async dataVolumes(options: CallOptions): Promise<number> {
    if (this.perMachine !== undefined && Date.now() < this.askAgainAt) return this.perMachine;
    this.askAgainAt = Number.POSITIVE_INFINITY;
    try {
      const rows = await this.cloud.client.list(
        'listHypervisorCapabilities',
        { hypervisor: 'KVM' },
        hypervisorCapabilitiesSchema,
        options,
      );
      const told = rows.flatMap(({ maxdatavolumeslimit }) => maxdatavolumeslimit ?? []);
      this.perMachine = told.length > 0 ? Math.min(...told) : KVM_DATA_VOLUMES;
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
      this.perMachine = KVM_DATA_VOLUMES;
    }
    return this.perMachine;
  }

  /** CloudStack has told how many it takes: nobody has to run into it for a while. An administrator may raise it. */
  learn(dataVolumes: number): void {
    this.perMachine = dataVolumes;
    this.askAgainAt = Date.now() + LEARNED_MS;
  }

  /** What is left for volumes of ours: a disk that somebody else has attached to the appliance takes a place, too. */
  async now(options: CallOptions): Promise<TargetLimits> {
    const places = await this.dataVolumes(options);
    const attached = await volumesOfMachine(this.cloud, this.cloud.settings.applianceVmId, options);
    const foreign = attached.filter(
      (volume) => volume.type !== 'ROOT' && tagOf(volume, KEY_TAG) === undefined,
    );
    return { attachedVolumes: Math.max(1, places - foreign.length), snapshotsAtOnce: SNAPSHOTS_AT_ONCE };
  }
}
