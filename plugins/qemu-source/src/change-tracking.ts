import { MigrationError } from '@ossea/errors';
import { z, type CallOptions, type ChangedBlockTracking, type Extent } from '@ossea/plugin-sdk';
import { diskPath } from '@ossea/qemu';
import { frozenBitmap } from './bitmaps.js';
import { formatToken, parseToken, reset } from './change-token.js';
import { guarded } from './guarded.js';
import type { QemuHost } from './host.js';
import { LiveSnapshot, withMonitor } from './live-snapshot.js';
import { readRecord, socketPath } from './snapshot-record.js';
import type { QemuSnapshots, Standing } from './snapshots.js';

const mapSchema = z.array(z.object({ start: z.int(), length: z.int(), data: z.boolean() }));

/** Changed blocks by QEMU's dirty bitmaps: each snapshot begins one, and freezes what the older ones hold. */
export class QemuChangeTracking implements ChangedBlockTracking {
  constructor(
    private readonly host: QemuHost,
    private readonly snapshots: QemuSnapshots,
  ) {}

  /** Every snapshot begins to record by itself: there is nothing to switch on. Throws `resource.not-found`. */
  enable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      await this.host.launcher.read(vm);
    });
  }

  /** Forgets every bitmap of ours: no token of before is good any more. */
  disable(vm: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      const machine = await this.host.launcher.read(vm);
      const { directory, qmp } = this.host.launcher.paths(vm);
      await this.snapshots.turns.take(vm, async () => {
        const standing = await readRecord(directory);
        if (standing)
          throw new MigrationError('resource.busy', 'A snapshot of the machine is open.', {
            context: { machine: vm },
          });
        if (await this.host.launcher.find(vm))
          return withMonitor(qmp, call, async (monitor) => {
            const live = new LiveSnapshot(monitor, directory);
            for (const { key } of machine.disks) await live.keepOnly(key, []);
          });
        for (const disk of machine.disks) {
          const path = diskPath(directory, disk);
          if (disk.format === 'qcow2')
            await this.snapshots.offline.dropAll({ path, format: disk.format }, call);
        }
      });
    });
  }

  token(disk: string, snapshot: string, call: CallOptions): Promise<string> {
    return guarded(call, async () => {
      const { vm, record } = await this.snapshots.standing(snapshot, call);
      if (!record.disks.some(({ key }) => key === disk))
        throw new MigrationError('resource.not-found', 'The snapshot has no such disk.');
      return formatToken({ vm, disk, stamp: record.stamp });
    });
  }

  async *changes(
    disk: string,
    { since, until }: { readonly since: string; readonly until: string },
    call: CallOptions,
  ): AsyncIterable<Extent> {
    yield* await guarded(call, async () => {
      const standing = await this.snapshots.standing(until, call);
      const { vm, record } = standing;
      const { stamp } = parseToken(since, vm, disk);
      const found = record.disks.find(({ key }) => key === disk);
      if (!found) throw new MigrationError('resource.not-found', 'The snapshot has no such disk.');
      if (stamp === record.stamp) return [];
      if (!found.frozen.includes(stamp))
        throw reset(
          'Nobody has recorded what changed since: the machine was not closed cleanly, or too much happened since.',
        );
      await this.snapshots.show(standing, call);
      const extents = await this.dirty(standing, disk, stamp, found.sizeBytes, call);
      await this.forgetOlder(standing, disk, stamp, call);
      return extents;
    });
  }

  /** What the frozen bitmap says, through the snapshot's own NBD export (QEMU's `x-dirty-bitmap`: dirty is "no data"). */
  private async dirty(
    { directory }: Standing,
    disk: string,
    stamp: string,
    sizeBytes: number,
    { signal }: CallOptions,
  ): Promise<Extent[]> {
    const node = [
      'driver=nbd',
      `export=${disk}`,
      'server.type=unix',
      `server.path=${socketPath(directory).replaceAll(',', ',,')}`,
      `x-dirty-bitmap=qemu:dirty-bitmap:${frozenBitmap(stamp)}`,
    ].join(',');
    const { stdout } = await this.host.context.run.exec(
      { command: 'qemu-img', args: ['map', '--output=json', '--image-opts', node] },
      { signal },
    );
    const map = mapSchema.parse(JSON.parse(stdout));
    const end = map.at(-1);
    // half a map would be half the changes
    if (!end || end.start + end.length < sizeBytes)
      throw new MigrationError('snapshot.failed', 'The map of changes ends before the disk does.');
    const extents: { offset: number; length: number }[] = [];
    for (const { start, length, data } of map) {
      if (data) continue;
      const last = extents.at(-1);
      if (last && last.offset + last.length === start) last.length += length;
      else extents.push({ offset: start, length });
    }
    return extents;
  }

  /**
   * Whoever asks for changes since a token has sealed it: older bitmaps will never be asked for again, and those
   * in between belong to cycles that failed. In a stopped machine's image they wait for the next snapshot.
   */
  private async forgetOlder(
    { vm, directory, record }: Standing,
    disk: string,
    since: string,
    call: CallOptions,
  ): Promise<void> {
    if (record.mode === 'offline') return;
    await withMonitor(this.host.launcher.paths(vm).qmp, call, (qmp) =>
      new LiveSnapshot(qmp, directory).keepOnly(disk, [since, record.stamp]),
    );
  }
}
