import type { BlockEndpoint, CallOptions, Lease } from '@ossea/plugin-sdk';
import {
  bareHost,
  type Assessment,
  type DiskTransport,
  type SnapshotDisk,
  type TransportHost,
} from './disk-transport.js';
import { serveDisk, type NbdkitPlan } from './nbdkit.js';
import { isAtLeast } from './plugin-dump.js';
import type { RunRooms } from './run-rooms.js';
import type { VddkSettings } from './transport-settings.js';
import { SUPPORT_RULE, inspectVddk, type VddkInspection } from './vddk-inspection.js';

const MIB = 1024 ** 2;
/** Larger reads fail with "NFC error 5": VMware's "Best Practices for NBD Transport", and what CDI found by trying. */
const READ_BYTES_VIA_VCENTER = 2 * MIB;
const READ_BYTES_AT_ESXI = 23 * MIB;
const SECTOR_BYTES = 512;
/** VixDiskLib_QueryAllocatedBlocks takes whole chunks of 128 sectors. */
const CHUNK_BYTES = 65_536;
const PASSWORD = 'w';
const THREADS = 4;
/**
 * What was lost in mid-copy is opened anew, within half a minute, with three more logins at most: vCenter locks an
 * account after five that fail. The filter lets one request through at a time (retry.c, as of 1.42).
 */
const RETRIES = ['retries=3', 'retry-delay=4', 'retry-exponential=yes'];

/**
 * Reads disks with VMware's VDDK by nbdkit-vddk-plugin(1): every backing, chains and encrypted disks included. It
 * logs in by itself, with the password of the connection: nbdkit takes a session's cookie in its arguments only.
 */
export class VddkTransport implements DiskTransport {
  readonly id = 'vddk';

  private constructor(
    private readonly host: TransportHost,
    private readonly rooms: RunRooms,
    private readonly settings: VddkSettings | undefined,
    private readonly inspection: VddkInspection,
  ) {}

  static async create(
    host: TransportHost,
    rooms: RunRooms,
    settings: VddkSettings | undefined,
    call: CallOptions,
  ): Promise<VddkTransport> {
    return new VddkTransport(host, rooms, settings, await inspectVddk(host.context, settings, call));
  }

  get about(): string {
    if (!this.inspection.usable) return `VDDK: ${this.inspection.because}`;
    const { pluginVersion, libraryVersion, transportModes } = this.inspection;
    const modes = transportModes.join(', ') || 'unknown';
    return `VDDK ${libraryVersion} by nbdkit-vddk-plugin ${pluginVersion}; transport modes: ${modes}. ${SUPPORT_RULE}`;
  }

  assess(disk: SnapshotDisk): Assessment {
    if (!this.inspection.usable) return this.inspection;
    if (isRaw(disk)) return refuse('a raw device in physical mode can be read by its guest only.');
    if (disk.fileName === '') return refuse('vSphere names no file of the disk.');
    if (disk.encrypted && !this.transportModes().includes('nbdssl'))
      return refuse('encrypted disks need the transport mode nbdssl; add it to the settings of VDDK.');
    return { usable: true };
  }

  open(disk: SnapshotDisk, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    const { context, password } = this.host;
    return serveDisk(
      context,
      this.rooms,
      { reader: 'VDDK', disk },
      async ({ room }) => this.plan(disk, await room.write(PASSWORD, password)),
      call,
    );
  }

  private plan(disk: SnapshotDisk, passwordFile: string): NbdkitPlan {
    const { port, username, viaVcenter, certificate } = this.host;
    const { libdir, plugin, compression, transports, config, readBytesMax } = this.settings!;
    const maxdata = readBytesMax ?? (viaVcenter ? READ_BYTES_VIA_VCENTER : READ_BYTES_AT_ESXI);
    return {
      plugin,
      threads: THREADS,
      // the reason why something fails is in VDDK's debug messages only; those of every read are left out
      options: [
        '--verbose',
        '-D',
        'vddk.datapath=0',
        '-D',
        'nbdkit.backend.datapath=0',
        '-D',
        'nbdkit.backend.controlpath=0',
      ],
      filters: [...(this.hidesHoles(disk) ? ['noextents'] : []), 'blocksize', 'retry'],
      parameters: [
        `libdir=${libdir}`,
        ...(config === undefined ? [] : [`config=${config}`]),
        `server=${bareHost(this.host)}`,
        `port=${port}`,
        `user=${username}`,
        `password=+${passwordFile}`,
        `thumbprint=${certificate.sha1}`,
        `vm=moref=${disk.vm}`,
        `snapshot=${disk.snapshot}`,
        `compression=${compression}`,
        `transports=${transports}`,
        `minblock=${SECTOR_BYTES}`,
        `maxdata=${maxdata}`,
        ...RETRIES,
        `file=${disk.fileName}`,
      ],
      readOnce: [PASSWORD],
      refusal: /\berror: VixDiskLib_(?:InitEx|ConnectEx|Open|GetInfo)\b/,
    };
  }

  /** Before nbdkit 1.42 a disk that ends within a chunk fails near its end when it is asked for holes. */
  private hidesHoles({ sizeBytes }: SnapshotDisk): boolean {
    const version = this.inspection.usable ? this.inspection.pluginVersion : '';
    return sizeBytes % CHUNK_BYTES !== 0 && !isAtLeast(version, [1, 42]);
  }

  /** Those of the settings that this VDDK has. */
  private transportModes(): readonly string[] {
    const wanted = this.settings?.transports.split(':') ?? [];
    const known = this.inspection.usable ? this.inspection.transportModes : [];
    return known.length === 0 ? wanted : wanted.filter((mode) => known.includes(mode));
  }
}

const refuse = (because: string): Assessment => ({ usable: false, because });

/** Raw devices that no snapshot covers and no file describes. */
export function isRaw({ backingType, rdm }: SnapshotDisk): boolean {
  return rdm === 'physical' || /RawDiskVer2|PartitionedRawDisk/.test(backingType);
}
