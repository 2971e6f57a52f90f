/** The rows of the cloud. A row that was removed is kept: its id still resolves, as on a real server. */
export interface Row {
  readonly id: string;
  /** The number that the server has for it; it stands in some error texts. */
  readonly number: number;
  readonly created: Date;
  removed: boolean;
}

export interface Account extends Row {
  readonly name: string;
  readonly isRootAdmin: boolean;
  readonly domainId: string;
  readonly userId: string;
  readonly apiKey: string;
  readonly secretKey: string;
}

export interface Domain extends Row {
  readonly name: string;
  readonly path: string;
}

export interface Zone extends Row {
  readonly name: string;
}

/** What belongs to an account. */
export interface Owned extends Row {
  account: Account;
}

export type VolumeState =
  | 'Allocated'
  | 'Creating'
  | 'Ready'
  | 'Attaching'
  | 'Snapshotting'
  | 'RevertSnapshotting'
  | 'Resizing'
  | 'Destroy'
  | 'Expunged';

export interface Volume extends Owned {
  name: string;
  readonly zone: Zone;
  type: 'ROOT' | 'DATADISK';
  state: VolumeState;
  sizeBytes: number;
  offering: DiskOffering | undefined;
  readonly template: Template | undefined;
  readonly fromSnapshot: string | undefined;
  /** Whether it has a file. */
  onPrimary: boolean;
  attachment: Attachment | undefined;
}

/** One attachment, told apart from a later one to the same machine. */
export interface Attachment {
  readonly machine: Machine;
  readonly deviceId: number;
  readonly since: Date;
}

export type MachineState =
  'Starting' | 'Running' | 'Stopping' | 'Stopped' | 'Destroyed' | 'Expunging' | 'Error';

export interface Nic {
  readonly id: string;
  readonly network: Network;
  readonly mac: string;
  readonly ip: string | undefined;
  isDefault: boolean;
}

export interface Machine extends Owned {
  name: string;
  displayName: string;
  readonly zone: Zone;
  state: MachineState;
  readonly offering: ServiceOffering;
  readonly template: Template;
  osType: OsType;
  details: ReadonlyMap<string, string>;
  nics: readonly Nic[];
  lastUpdated: Date;
  /** The machine that the tests themselves play: nothing of it runs in QEMU. */
  readonly isAppliance: boolean;
}

export type SnapshotState =
  | 'Allocated'
  | 'Creating'
  | 'CreatedOnPrimary'
  | 'BackingUp'
  | 'BackedUp'
  | 'Destroying'
  | 'Destroyed'
  | 'Error';

export interface Snapshot extends Owned {
  readonly name: string;
  readonly volume: Volume;
  readonly sizeBytes: number;
  physicalBytes: number;
  state: SnapshotState;
  readonly onPrimary: boolean;
}

export interface VmSnapshot extends Owned {
  readonly name: string;
  readonly displayName: string;
  readonly description: string | undefined;
  readonly machine: Machine;
  readonly type: 'Disk' | 'DiskAndMemory';
  state: 'Allocated' | 'Creating' | 'Ready' | 'Expunging' | 'Error';
}

export type NetworkState = 'Allocated' | 'Setup' | 'Implementing' | 'Implemented' | 'Shutdown' | 'Destroy';

export interface Network extends Row {
  readonly name: string;
  readonly displayText: string;
  readonly zone: Zone;
  readonly type: 'Isolated' | 'Shared' | 'L2';
  readonly offering: NetworkOffering;
  /** A shared network is everybody's. */
  readonly account: Account | undefined;
  state: NetworkState;
  readonly subnet: Subnet | undefined;
  readonly domainName: string;
  readonly vlan: string | undefined;
}

export interface Subnet {
  readonly gateway: string;
  readonly netmask: string;
}

export interface ServiceOffering extends Row {
  readonly name: string;
  readonly cpus: number | undefined;
  readonly cpuMhz: number | undefined;
  readonly memoryMb: number | undefined;
  /** What a customised offering allows. */
  readonly bounds:
    Readonly<Record<'mincpunumber' | 'maxcpunumber' | 'minmemory' | 'maxmemory', number>> | undefined;
}

export interface DiskOffering extends Row {
  readonly name: string;
  /** Of a fixed offering, in GiB; a customised one has none. */
  readonly sizeGib: number | undefined;
}

export interface NetworkOffering extends Row {
  readonly name: string;
  readonly guestType: 'Isolated' | 'Shared' | 'L2';
  readonly specifyVlan: boolean;
}

export interface Template extends Row {
  readonly name: string;
  readonly zones: readonly Zone[];
  readonly sizeBytes: number;
  readonly ready: boolean;
  readonly osType: OsType;
}

export interface OsCategory extends Row {
  readonly name: string;
}

export interface OsType extends Row {
  readonly description: string;
  readonly category: OsCategory;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
  readonly resourceId: string;
  readonly resourceType: string;
  readonly account: Account;
}
