import { MigrationError } from '@ossea/errors';
import type { BlockEndpoint, CallOptions, DiskReader, Lease } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import type { SnapshotDisk } from './snapshot-record.js';
import type { Standing, StandingSnapshots } from './standing-snapshots.js';

/** The frozen disks, at the snapshot's NBD socket. */
export class QemuDisks implements DiskReader {
  constructor(private readonly standing: StandingSnapshots) {}

  open(disk: string, snapshot: string, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    return guarded(call, async () => {
      const standing = await this.standing.get(snapshot, call);
      const { key, sizeBytes } = diskOf(standing, disk);
      const path = await this.standing.show(standing, call);
      await this.standing.mustBeReadable(standing, key, path, call);
      return {
        value: { transport: 'nbd-unix', path, exportName: key, sizeBytes },
        // the export belongs to the snapshot and goes with it
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    });
  }
}

/** A disk of a snapshot. Throws `resource.not-found`. */
export function diskOf({ record }: Standing, key: string): SnapshotDisk {
  const disk = record.disks.find((one) => one.key === key);
  if (disk) return disk;
  throw new MigrationError('resource.not-found', 'The snapshot has no such disk.', {
    context: { disk: key.slice(0, 80) },
  });
}
