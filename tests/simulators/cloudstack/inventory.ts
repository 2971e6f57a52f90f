import type { Cloud } from './cloud.js';
import type { MachineState, NetworkState, SnapshotState, VolumeState } from './state/model.js';

export interface SimVolume {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly type: 'ROOT' | 'DATADISK';
  readonly state: VolumeState;
  readonly sizeBytes: number;
  readonly onPrimary: boolean;
  readonly vmId: string | undefined;
  readonly deviceId: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface SimMachine {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly account: string;
  readonly state: MachineState;
  readonly details: Readonly<Record<string, string>>;
  readonly nics: readonly {
    readonly networkId: string;
    readonly mac: string;
    readonly ip: string | undefined;
  }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface SimSnapshot {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
  readonly state: SnapshotState;
  readonly sizeBytes: number;
  readonly physicalBytes: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface SimNetwork {
  readonly id: string;
  readonly name: string;
  readonly type: 'Isolated' | 'Shared' | 'L2';
  readonly state: NetworkState;
  readonly domainName: string;
}

export interface SimJob {
  readonly id: string;
  readonly command: string;
  readonly account: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly instanceId: string | undefined;
  readonly errorText: string | undefined;
}

export interface SimInventory {
  readonly volumes: readonly SimVolume[];
  readonly machines: readonly SimMachine[];
  readonly snapshots: readonly SimSnapshot[];
  readonly networks: readonly SimNetwork[];
  readonly jobs: readonly SimJob[];
}

/** What there is now, as plain values; what was expunged is not there. */
export function takeInventory({ world, jobs }: Cloud): SimInventory {
  const tags = (id: string) => Object.fromEntries(world.tagsOf(id).map(({ key, value }) => [key, value]));
  return {
    volumes: world.volumes.all().map((volume) => {
      const { id, name, account, type, state, sizeBytes, onPrimary, attachment } = volume;
      const { deviceId } = attachment ?? {};
      const vmId = attachment?.machine.id;
      return {
        id,
        name,
        account: account.name,
        type,
        state,
        sizeBytes,
        onPrimary,
        vmId,
        deviceId,
        tags: tags(id),
      };
    }),
    machines: world.machines.all().map(({ id, name, displayName, account, state, details, nics }) => ({
      ...{ id, name, displayName, account: account.name, state, tags: tags(id) },
      details: Object.fromEntries(details),
      nics: nics.map(({ network, mac, ip }) => ({ networkId: network.id, mac, ip })),
    })),
    snapshots: world.snapshots.all().map(({ id, name, volume, state, sizeBytes, physicalBytes }) => ({
      ...{ id, name, volumeId: volume.id, state, sizeBytes, physicalBytes, tags: tags(id) },
    })),
    networks: world.networks.all().map(({ id, name, type, state, domainName }) => ({
      ...{ id, name, type, state, domainName },
    })),
    jobs: jobs.jobs.all().map(({ id, command, account, status, instance, result }) => ({
      ...{ id, command, account: account.name, status, instanceId: instance?.id },
      errorText: typeof result?.['errortext'] === 'string' ? result['errortext'] : undefined,
    })),
  };
}
