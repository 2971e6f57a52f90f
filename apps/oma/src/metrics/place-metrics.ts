import { statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { HealthRegistry } from '../health/health-registry.js';
import { VOLUMES_SETTINGS, type VolumesSettings } from '../volumes/volumes-ports.js';
import { MetricsRegistry, type Sample } from './metrics-registry.js';

/** Room on the disks, and what the rooms say of their health. */
@Injectable()
export class PlaceMetrics {
  constructor(
    @Inject(VOLUMES_SETTINGS) private readonly settings: VolumesSettings,
    health: HealthRegistry,
    metrics: MetricsRegistry,
  ) {
    metrics.gauge({
      name: 'ossea_disk_free_bytes',
      help: 'Free for us where deltas (spool) and everything else (state) are kept.',
      labels: ['place'],
      read: () => this.places(({ bavail, bsize }) => bavail * bsize),
    });
    metrics.gauge({
      name: 'ossea_disk_size_bytes',
      help: 'Size of the file systems of spool and state.',
      labels: ['place'],
      read: () => this.places(({ blocks, bsize }) => blocks * bsize),
    });
    metrics.gauge({
      name: 'ossea_health_part_ok',
      help: '1 for a part of the appliance that is well, or absent on purpose; as in /api/v1/health/detail.',
      labels: ['part'],
      read: async () =>
        Object.entries((await health.detail()).parts).map(([part, { status }]) => ({
          labels: { part },
          value: Number(status === 'ok' || status === 'absent'),
        })),
    });
  }

  private async places(
    value: (stat: { readonly bavail: number; readonly blocks: number; readonly bsize: number }) => number,
  ): Promise<Sample[]> {
    const { spoolDir, stateDir } = this.settings;
    return Promise.all(
      Object.entries({ spool: spoolDir, state: stateDir }).map(async ([place, directory]) => ({
        labels: { place },
        value: value(await statfs(directory)),
      })),
    );
  }
}
