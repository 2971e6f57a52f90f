import { MigrationError } from '@ossea/errors';
import type { BlockEndpoint, CallOptions, DiskReader, Lease } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { socketPath } from './snapshot-record.js';
import type { QemuSnapshots } from './snapshots.js';

/** The frozen disks, at the snapshot's NBD socket. */
export class QemuDisks implements DiskReader {
  constructor(private readonly snapshots: QemuSnapshots) {}

  open(disk: string, snapshot: string, call: CallOptions): Promise<Lease<BlockEndpoint>> {
    return guarded(call, async () => {
      const standing = await this.snapshots.standing(snapshot, call);
      const found = standing.record.disks.find(({ key }) => key === disk);
      if (!found)
        throw new MigrationError('resource.not-found', 'The snapshot has no such disk.', {
          context: { disk: disk.slice(0, 80) },
        });
      await this.snapshots.show(standing, call);
      return {
        value: {
          transport: 'nbd-unix' as const,
          path: socketPath(standing.directory),
          exportName: disk,
          sizeBytes: found.sizeBytes,
        },
        // the export belongs to the snapshot and goes with it
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    });
  }
}
