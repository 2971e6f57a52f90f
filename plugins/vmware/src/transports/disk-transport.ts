import type { BlockEndpoint, CallOptions, Lease, PeerCertificate, PluginContext } from '@ossea/plugin-sdk';

/** One disk as of a snapshot, as vSphere describes it: all that a transport needs to find its bytes. */
export interface SnapshotDisk {
  /** Managed-object ids, `vm-51` and `snapshot-70` on a vCenter; opaque text elsewhere. */
  readonly vm: string;
  readonly snapshot: string;
  /** The device key. */
  readonly key: string;
  readonly label: string;
  readonly sizeBytes: number;
  /** `[datastore] directory/disk.vmdk`, of the snapshot's own hardware: never the live machine's. */
  readonly fileName: string;
  readonly datastore: {
    readonly name: string;
    /** As vSphere says it: `VMFS`, `NFS`, `NFS41`, `vsan`, `VVOL` … */
    readonly type: string;
    /** The inventory path of its datacenter, `folder/DC0`; what `/folder` calls `dcPath`. */
    readonly datacenterPath: string;
  };
  /** The vim25 type of the backing, `VirtualDiskFlatVer2BackingInfo` for instance. */
  readonly backingType: string;
  /** Whether the snapshot's disk stands on another one: it is a link of a chain, and its file holds a part only. */
  readonly hasParent: boolean;
  readonly encrypted: boolean;
  /** Of a raw device mapping its compatibility mode; nobody but the guest can read a physical one. */
  readonly rdm?: 'virtual' | 'physical';
}

/** Whether a transport can read a disk, and if not, why: shown to the operator before the first byte. */
export type Assessment = { readonly usable: true } | { readonly usable: false; readonly because: string };

/** One way to read a disk of a snapshot. */
export interface DiskTransport {
  /** As it stands in the settings and in messages: `vddk`, `datastore`, `nbdkit`. */
  readonly id: string;
  /** What is installed, in one sentence, where it is usable at all: versions, and what their maker says of them. */
  readonly about?: string;
  assess(disk: SnapshotDisk): Assessment;
  /**
   * Starts what serves the disk and makes sure that it answers with the expected size.
   * Throws `auth.rejected`, `peer.untrusted`, `peer.forbidden`, `peer.unreachable`, `peer.protocol`,
   * `resource.not-found`, `resource.busy` (a limit of the host), `license.restricted`, `disk.size-mismatch`,
   * `plugin.unsupported`, `process.missing` or `process.failed`; then nothing of it is left.
   */
  open(disk: SnapshotDisk, call: CallOptions): Promise<Lease<BlockEndpoint>>;
}

/** The vCenter or ESXi host that a transport reads from, as the session knows it. */
export interface TransportHost {
  readonly context: PluginContext;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Whether this is a vCenter, which relays disks with smaller buffers than an ESXi host of its own. */
  readonly viaVcenter: boolean;
  /** The certificate that the session has checked. */
  readonly certificate: PeerCertificate;
  /** The CA bundle of the settings, where the certificate is trusted by CA and not by its pin. */
  readonly caPem?: string;
  /**
   * How the session trusts the certificate. Left out: by CA where there is a bundle, else by its pin. With `ca` and
   * no bundle, the system's own CAs are asked.
   */
  readonly trustedBy?: 'pin' | 'ca';
  /** The `vmware_soap_session` cookie, `name=value`, of the session as it is now. */
  cookie(): string;
  /** Calls back after every new login, until the returned function is called. */
  onLogin(listener: () => void): () => void;
  /** Asks the server whether the session lives, and logs in again where it does not. */
  keepAlive(call: CallOptions): Promise<void>;
}

/** The host as programs want it; in the settings an IPv6 address may stand in brackets. */
export function bareHost({ host }: Pick<TransportHost, 'host'>): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
