import { mkdir } from 'node:fs/promises';
import { isMigrationError } from '@ossea/errors';
import type { BlockEndpoint, CallOptions, Lease } from '@ossea/plugin-sdk';
import { BlindRelay } from './blind-relay.js';
import { flatFileOf, folderUrl } from './datastore-url.js';
import {
  bareHost,
  type Assessment,
  type DiskTransport,
  type SnapshotDisk,
  type TransportHost,
} from './disk-transport.js';
import { serveDisk, type NbdkitPlan, type Preparation } from './nbdkit.js';
import { dumpPlugin, isAtLeast } from './plugin-dump.js';
import type { RunRooms } from './run-rooms.js';
import { SessionKeeper } from './session-keeper.js';
import { COMPLAINT } from './stderr-faults.js';
import { tlsPeerOf, type TlsPeer } from './tls-peer.js';
import { isRaw } from './vddk-transport.js';

const FLAT = 'VirtualDiskFlatVer2BackingInfo';
/** Datastores that are file systems with a flat file for every disk. */
const FILE_SYSTEMS = ['VMFS', 'NFS', 'NFS41'];
/** The first with `followlocation=` (nbdkit-curl-plugin(1)); `cookie-script=` and the rest are older. */
const MIN_CURL_PLUGIN = [1, 26];
const COOKIE = 'c';
const TRUSTED = 't';
const NO_CERTIFICATES = 'e';
const RELAY = 'r';
const THREADS = 8;
const RENEW_COOKIE_SECONDS = 2;
const TIMEOUT_SECONDS = 120;
/** Together about a minute: the session is asked after every 30 seconds, and a login takes a few. */
const RETRIES = ['retry-request-retries=30', 'retry-request-delay=2'];

/**
 * Reads flat disks as files of their datastore over HTTPS, by nbdkit-curl-plugin(1) and with the session of the
 * connection: nothing of VMware's is needed, but it is slow, and holes are read as zeroes.
 */
export class DatastoreTransport implements DiskTransport {
  readonly id = 'datastore';
  readonly about: string;
  private readonly peer: TlsPeer;
  private readonly keeper: SessionKeeper;

  private constructor(
    private readonly host: TransportHost,
    private readonly rooms: RunRooms,
    curl: { readonly version: string } | { readonly because: string },
    keepAliveMs: number | undefined,
  ) {
    this.peer = 'because' in curl ? curl : tlsPeerOf(host);
    this.keeper = new SessionKeeper(host, keepAliveMs);
    this.about = `Files of datastores over HTTPS: ${'because' in curl ? curl.because : `nbdkit-curl-plugin ${curl.version}.`}`;
  }

  static async create(
    host: TransportHost,
    rooms: RunRooms,
    call: CallOptions,
    options: { readonly keepAliveMs?: number } = {},
  ): Promise<DatastoreTransport> {
    const dump = await dumpPlugin(host.context, 'curl', [], call);
    if ('because' in dump) return new DatastoreTransport(host, rooms, dump, options.keepAliveMs);
    const version = dump.facts.get('version') ?? '0';
    const curl = isAtLeast(version, MIN_CURL_PLUGIN)
      ? { version }
      : {
          because: `nbdkit-curl-plugin ${version} is too old. Install ${MIN_CURL_PLUGIN.join('.')} or later.`,
        };
    return new DatastoreTransport(host, rooms, curl, options.keepAliveMs);
  }

  assess(disk: SnapshotDisk): Assessment {
    const because =
      ('because' in this.peer ? this.peer.because : undefined) ??
      (isRaw(disk) || disk.rdm !== undefined ? 'a raw device has no file in its datastore.' : undefined) ??
      (disk.encrypted ? 'the disk is encrypted, and its file is read as it is.' : undefined) ??
      storageRefusal(disk.datastore.type) ??
      (disk.backingType === FLAT
        ? undefined
        : `only flat disks can be read as files, and this one is ${disk.backingType.replace(/BackingInfo$/, '')}.`) ??
      (disk.hasParent
        ? 'the disk stands on another one (a snapshot or a linked clone), and its file holds a part of it only.'
        : undefined) ??
      (flatFileOf(disk.fileName, disk.datastore.name) ? undefined : 'vSphere names no file of the disk.');
    return because === undefined ? { usable: true } : { usable: false, because };
  }

  /**
   * A session may end between our last call and the first request of what reads: nbdkit then gives up at once. So it is
   * asked for once, which logs in again where it has ended, and the disk is opened a second time.
   */
  async open(disk: SnapshotDisk, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    try {
      return await this.serve(disk, call);
    } catch (error) {
      if (!isMigrationError(error) || error.code !== 'auth.rejected') throw error;
      this.host.context.log.warn(
        `The session was refused when "${disk.label}" was opened; it is asked for, and the disk opened again.`,
        { error: error.message },
      );
    }
    await this.host.keepAlive(call);
    return this.serve(disk, call);
  }

  private serve(disk: SnapshotDisk, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    return serveDisk(
      this.host.context,
      this.rooms,
      { reader: 'the datastore reader', disk },
      (preparation) => this.plan(disk, preparation),
      call,
    );
  }

  private async plan(disk: SnapshotDisk, { room, onEnd }: Preparation): Promise<NbdkitPlan> {
    const file = flatFileOf(disk.fileName, disk.datastore.name);
    if ('because' in this.peer || !file) throw new Error('A disk is opened that was assessed as unusable.');
    const { name, elsewhere, trusted } = this.peer;
    const { port } = this.host;
    if (elsewhere) {
      const relay = await BlindRelay.open(room.file(RELAY), { host: bareHost(this.host), port });
      onEnd(() => relay[Symbol.asyncDispose]());
    }
    onEnd(await this.keeper.keepIn(room, COOKIE));
    // without an empty directory in its place, libcurl goes on trusting the system's CAs beside `cainfo`
    if (trusted !== undefined) await mkdir(room.file(NO_CERTIFICATES), { mode: 0o700 });
    return {
      plugin: 'curl',
      threads: THREADS,
      filters: ['blocksize', 'retry-request'],
      parameters: [
        `url=${folderUrl({ host: name, port }, file, disk.datastore.datacenterPath)}`,
        ...(elsewhere ? [`unix-socket-path=${room.file(RELAY)}`] : []),
        ...(trusted === undefined
          ? []
          : [`cainfo=${await room.write(TRUSTED, trusted)}`, `capath=${room.file(NO_CERTIFICATES)}`]),
        'protocols=https',
        'followlocation=false',
        `timeout=${TIMEOUT_SECONDS}`,
        'tcp-keepalive=true',
        `cookie-script=${cookieScript(room.file(COOKIE))}`,
        `cookie-script-renew=${RENEW_COOKIE_SECONDS}`,
        'minblock=512',
        'maxdata=4M',
        ...RETRIES,
      ],
      refusal: COMPLAINT,
    };
  }
}

function storageRefusal(type: string): string | undefined {
  if (FILE_SYSTEMS.includes(type)) return undefined;
  if (/^vsan/i.test(type)) return 'vSAN keeps disks as objects, and not as files.';
  if (/^vvol/i.test(type)) return 'Virtual Volumes keep disks as objects, and not as files.';
  return `disks of a datastore of the type "${type}" cannot be read as files.`;
}

/**
 * Prints the cookie. nbdkit leaves an empty file in /tmp each time it runs such a script (as of 1.42, scripts.c:
 * where its stderr goes), so the script takes it away; nothing else is ever touched.
 */
export function cookieScript(path: string): string {
  const quoted = `'${path.replaceAll("'", `'\\''`)}'`;
  return [
    `IFS= read -r cookie <${quoted} || exit 1`,
    'errors=$(readlink /proc/self/fd/2)',
    'case $errors in /tmp/errors??????) rm -f "$errors";; esac',
    `printf '%s\\n' "$cookie"`,
  ].join('; ');
}
