import type { CallOptions } from '@ossea/plugin-sdk';
import { CustomTransport } from './custom-transport.js';
import { DatastoreTransport } from './datastore-transport.js';
import type { DiskTransport, TransportHost } from './disk-transport.js';
import { RunRooms } from './run-rooms.js';
import { vddkSchema, type ReaderSettings, type VddkSettings } from './transport-settings.js';
import { VddkTransport } from './vddk-transport.js';

/**
 * The ways to read disks of one host, in the order of the settings. One that is not installed or not set up is there
 * all the same, and says why it cannot read; a configured plugin of nbdkit is there only where there is one.
 * @param options.keepAliveMs how often the session is asked after while disks are read with it; for tests.
 * Throws `config.invalid` (the directory of the connection has too long a path) or `call.aborted`.
 */
export async function createTransports(
  settings: ReaderSettings,
  host: TransportHost,
  call: CallOptions = { signal: new AbortController().signal },
  options: { readonly keepAliveMs?: number } = {},
): Promise<readonly DiskTransport[]> {
  const rooms = await RunRooms.open(host.context.scratchDir);
  const made = await Promise.all(
    settings.order.map(async (id): Promise<DiskTransport | undefined> => {
      if (id === 'vddk')
        return VddkTransport.create(host, rooms, placed(settings.vddk, host.context.files?.['vddk']), call);
      if (id === 'datastore') return DatastoreTransport.create(host, rooms, call, options);
      return settings.nbdkit && CustomTransport.create(host, rooms, settings.nbdkit, call);
    }),
  );
  return made.filter((transport) => transport !== undefined);
}

/** VDDK where the settings say, or else where the operator's upload was unpacked. */
function placed(settings: ReaderSettings['vddk'], brought: string | undefined): VddkSettings | undefined {
  const libdir = settings?.libdir ?? brought;
  return libdir === undefined ? undefined : vddkSchema.parse({ ...settings, libdir });
}
