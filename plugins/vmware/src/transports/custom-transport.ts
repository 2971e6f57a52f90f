import type { BlockEndpoint, CallOptions, Lease } from '@ossea/plugin-sdk';
import { fillIn, valuesFor } from './custom-template.js';
import type { Assessment, DiskTransport, SnapshotDisk, TransportHost } from './disk-transport.js';
import { serveDisk } from './nbdkit.js';
import { dumpPlugin } from './plugin-dump.js';
import type { RunRooms } from './run-rooms.js';
import type { NbdkitSettings } from './transport-settings.js';
import { isRaw } from './vddk-transport.js';

const PASSWORD = 'w';
const THREADS = 4;

/** Reads disks with any other plugin of nbdkit, as the settings describe it: for readers that are not known here. */
export class CustomTransport implements DiskTransport {
  readonly id = 'nbdkit';

  private constructor(
    private readonly host: TransportHost,
    private readonly rooms: RunRooms,
    private readonly settings: NbdkitSettings,
    private readonly version: string | undefined,
    private readonly because: string | undefined,
  ) {}

  static async create(
    host: TransportHost,
    rooms: RunRooms,
    settings: NbdkitSettings,
    call: CallOptions,
  ): Promise<CustomTransport> {
    const dump = await dumpPlugin(host.context, settings.plugin, [], call);
    const version = 'facts' in dump ? dump.facts.get('version') : undefined;
    return new CustomTransport(host, rooms, settings, version, 'because' in dump ? dump.because : undefined);
  }

  get about(): string {
    return `nbdkit's plugin "${this.settings.plugin}": ${this.because ?? `version ${this.version ?? 'unknown'}`}`;
  }

  assess(disk: SnapshotDisk): Assessment {
    const because =
      this.because ??
      (isRaw(disk) ? 'a raw device in physical mode can be read by its guest only.' : undefined) ??
      (disk.encrypted ? 'it is not known to decrypt disks; only VDDK does.' : undefined) ??
      (disk.hasParent && !this.settings.chains
        ? 'the disk stands on another one, and the settings do not say that it reads chains.'
        : undefined);
    return because === undefined ? { usable: true } : { usable: false, because };
  }

  open(disk: SnapshotDisk, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    const { context, password } = this.host;
    const { plugin, parameters, filters } = this.settings;
    const templates = Object.entries(parameters);
    return serveDisk(
      context,
      this.rooms,
      { reader: `nbdkit's plugin "${plugin}"`, disk },
      async ({ room }) => {
        const isNeeded = templates.some(([, template]) => template.includes('{passwordFile}'));
        // nobody knows when such a plugin reads it: it stays as long as the lease
        const passwordFile = isNeeded ? await room.write(PASSWORD, password) : '';
        const values = valuesFor(this.host, disk, passwordFile);
        return {
          plugin,
          filters,
          threads: THREADS,
          parameters: templates.map(([name, template]) => `${name}=${fillIn(template, values)}`),
        };
      },
      call,
    );
  }
}
