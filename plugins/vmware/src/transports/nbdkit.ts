import { rm } from 'node:fs/promises';
import { MigrationError, asMigrationError, throwIfAborted } from '@ossea/errors';
import type { BlockEndpoint, CallOptions, Lease, PluginContext, RunningProcess } from '@ossea/plugin-sdk';
import type { SnapshotDisk } from './disk-transport.js';
import { askSize } from './nbd-size.js';
import type { Room, RunRooms } from './run-rooms.js';
import { scrubStderr } from './scrub-stderr.js';
import { COMPLAINT, stderrError } from './stderr-faults.js';

const OPEN_TIMEOUT_MS = 120_000;

/** How one disk is served. */
export interface NbdkitPlan {
  /** A plugin's name, or the path of its file. */
  readonly plugin: string;
  /** The filter that is nearest to the client comes first. */
  readonly filters: readonly string[];
  /** `key=value`, of the plugin and of the filters. Never secrets: everybody on the machine can read them. */
  readonly parameters: readonly string[];
  readonly threads: number;
  /** Options of nbdkit itself. */
  readonly options?: readonly string[];
  /** Files that nbdkit has read once it serves: they are removed then. */
  readonly readOnce?: readonly string[];
  /** What it says on stderr when it could not open the disk. */
  readonly refusal?: RegExp;
}

/** What a transport sets up for one disk before nbdkit starts. */
export interface Preparation {
  readonly room: Room;
  /** Called when the lease ends, the last one first, after nbdkit has ended. */
  onEnd(end: () => Promise<void>): void;
}

/**
 * Serves one disk by one nbdkit over a Unix socket, and makes sure that it opens and has the expected size: nbdkit
 * serves before it has connected to anything. It ends with its lease, and with us however we end
 * (nbdkit(1), `--exit-with-parent`).
 * @param reader what reads, for messages: `VDDK`.
 * @param prepare makes files and helpers, and gives the command line.
 * Throws what the transports throw; then nothing of it is left.
 */
export async function serveDisk(
  context: PluginContext,
  rooms: RunRooms,
  { reader, disk }: { readonly reader: string; readonly disk: SnapshotDisk },
  prepare: (preparation: Preparation) => Promise<NbdkitPlan>,
  call: CallOptions,
): Promise<Lease<BlockEndpoint>> {
  throwIfAborted(call.signal);
  const room = await rooms.take();
  const ends: (() => Promise<void>)[] = [() => room.remove()];
  try {
    const plan = await prepare({ room, onEnd: (end) => ends.push(end) });
    const server = await start(context, room, plan, `Disk "${disk.label}" cannot be read by ${reader}`, call);
    ends.push(async () => server[Symbol.asyncDispose]());
    const sizeBytes = await openedSize(context, server, room, plan, { reader, disk }, call);
    const told = server.stderrTail();
    let ending: Promise<void> | undefined;
    void server.exited.then(() => {
      if (!ending) context.log.error(`What reads "${disk.label}" ended by itself.`, says(server, told));
    });
    return {
      value: { transport: 'nbd-unix', path: room.socket, exportName: '', sizeBytes },
      [Symbol.asyncDispose]: () =>
        (ending ??= (async () => {
          await endAll(ends, context);
          const trouble = says(server, told);
          if (trouble.said !== '')
            context.log.warn(`While "${disk.label}" was read, there was trouble.`, trouble);
        })()),
    };
  } catch (error) {
    await endAll(ends, context);
    throwIfAborted(call.signal);
    throw asMigrationError(error, 'process.failed');
  }
}

async function start(
  context: PluginContext,
  room: Room,
  plan: NbdkitPlan,
  failure: string,
  call: CallOptions,
): Promise<RunningProcess> {
  const args = [
    ...['--foreground', '--readonly', '--exit-with-parent'],
    ...[`--unix=${room.socket}`, `--pidfile=${room.pidfile}`, `--threads=${plan.threads}`],
    ...(plan.options ?? []),
    ...plan.filters.map((filter) => `--filter=${filter}`),
    plan.plugin,
    ...plan.parameters,
  ];
  try {
    // its pid file says that it accepts connections (nbdkit(1), "--pidfile"); one made only to see would leave a
    // complaint on its stderr
    return await context.run.start(
      // what VDDK leaves in the directory for temporary files goes with the room
      {
        command: 'nbdkit',
        args,
        name: 'nbdkit',
        readyWhen: { file: room.pidfile },
        env: { TMPDIR: room.path },
      },
      call,
    );
  } catch (error) {
    throwIfAborted(call.signal);
    throw stderrError(failure, '', error);
  } finally {
    for (const name of plan.readOnce ?? []) await rm(room.file(name), { force: true });
  }
}

async function openedSize(
  context: PluginContext,
  server: RunningProcess,
  room: Room,
  plan: NbdkitPlan,
  { reader, disk }: { readonly reader: string; readonly disk: SnapshotDisk },
  call: CallOptions,
): Promise<number> {
  const failure = `Disk "${disk.label}" cannot be read by ${reader}`;
  let sizeBytes: number | undefined;
  try {
    const { refusal } = plan;
    sizeBytes = await askSize(
      context,
      { socket: room.socket, server, timeoutMs: OPEN_TIMEOUT_MS, ...(refusal ? { refusal } : {}) },
      call,
    );
  } catch (error) {
    throwIfAborted(call.signal);
    throw stderrError(failure, server.stderrTail(), error);
  }
  if (sizeBytes === undefined) throw stderrError(failure, server.stderrTail());
  if (sizeBytes === disk.sizeBytes) return sizeBytes;
  // neither a rest that is missing nor one too many is harmless: either it is another disk, or it was resized since
  throw new MigrationError(
    'disk.size-mismatch',
    `Disk "${disk.label}" has ${disk.sizeBytes} bytes in its snapshot, but ${sizeBytes} where ${reader} reads it. ` +
      'Was it resized? A new snapshot shows its new size.',
    { context: { expectedBytes: disk.sizeBytes, foundBytes: sizeBytes } },
  );
}

/** What nbdkit said since the disk was opened, where it speaks of errors. */
function says(server: RunningProcess, told: string): { readonly said: string } {
  const before = new Set(told.split('\n'));
  const errors = server
    .stderrTail()
    .split('\n')
    .filter((line) => COMPLAINT.test(line) && !before.has(line));
  return { said: scrubStderr([...new Set(errors)].slice(-5).join('\n')) };
}

/** All of them, whatever becomes of the others. */
async function endAll(ends: (() => Promise<void>)[], { log }: PluginContext): Promise<void> {
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      log.warn('Something that read a disk could not be tidied away.', { error: String(error) });
    }
  }
}
