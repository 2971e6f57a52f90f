import type {
  Account,
  DiskOffering,
  Domain,
  Machine,
  Network,
  NetworkOffering,
  OsCategory,
  OsType,
  ServiceOffering,
  Snapshot,
  Tag,
  Template,
  VmSnapshot,
  Volume,
  Zone,
} from './model.js';
import { Table, newRow } from './table.js';

/** The data base of the cloud. What a row says is true of files and processes only as far as the rules keep it so. */
export class World {
  readonly accounts = new Table<Account>();
  readonly domains = new Table<Domain>();
  readonly zones = new Table<Zone>();
  readonly volumes = new Table<Volume>();
  readonly machines = new Table<Machine>();
  readonly snapshots = new Table<Snapshot>();
  readonly vmSnapshots = new Table<VmSnapshot>();
  readonly networks = new Table<Network>();
  readonly networkOfferings = new Table<NetworkOffering>();
  readonly serviceOfferings = new Table<ServiceOffering>();
  readonly diskOfferings = new Table<DiskOffering>();
  readonly templates = new Table<Template>();
  readonly osTypes = new Table<OsType>();
  readonly osCategories = new Table<OsCategory>();
  /** The one host and the one pool of the cloud. */
  readonly host = { ...newRow(), name: 'host-1.cloud.internal' };
  readonly pool = { ...newRow(), name: 'primary-1' };
  readonly pod = newRow();
  readonly cluster = newRow();
  tags: Tag[] = [];

  volumesOf(machine: Machine): Volume[] {
    return this.volumes
      .all()
      .filter(({ attachment }) => attachment?.machine === machine)
      .sort((a, b) => a.attachment!.deviceId - b.attachment!.deviceId);
  }

  vmSnapshotsOf(machine: Machine): VmSnapshot[] {
    return this.vmSnapshots.all().filter((snapshot) => snapshot.machine === machine);
  }

  /** Snapshots that are being made of volumes that fit. */
  activeSnapshots(fits: (volume: Volume) => boolean): Snapshot[] {
    const active = ['Creating', 'CreatedOnPrimary', 'BackingUp'];
    return this.snapshots.all().filter(({ state, volume }) => active.includes(state) && fits(volume));
  }

  /** Those that did not fail; a failed one stays until somebody deletes it. */
  goodSnapshots(): Snapshot[] {
    return this.snapshots.all().filter(({ state }) => state !== 'Error');
  }

  tagsOf(id: string): Tag[] {
    return this.tags.filter(({ resourceId }) => resourceId === id);
  }

  /** What an account has of primary storage, also where nothing of it exists yet. */
  gibOf(account: Account): number {
    return gib(this.volumes.all().filter((volume) => volume.account === account));
  }

  /** What is taken of the pool. */
  pooledGib(): number {
    return gib(this.volumes.all().filter(({ onPrimary }) => onPrimary));
  }
}

const gib = (volumes: readonly Volume[]): number =>
  volumes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 2 ** 30;
