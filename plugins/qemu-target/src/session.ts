import type {
  CallOptions,
  PluginContext,
  TargetCapabilities,
  TargetLimits,
  TargetSession,
} from '@ossea/plugin-sdk';
import { QemuCatalog } from './catalog.js';
import { guarded } from './guarded.js';
import { IsolatedNetworks } from './isolated-networks.js';
import { MachineConsole } from './machine-console.js';
import type { MachineHost } from './machine-host.js';
import { Machines } from './machines.js';
import { Pool } from './pool.js';
import type { QemuPlacement, QemuTargetSettings } from './settings.js';
import { removeUnusedSnapshotFiles } from './snapshot-files.js';
import { copiesAreInstant } from './instant-copies.js';
import { VolumeSnapshots } from './volume-snapshots.js';
import { Volumes } from './volumes.js';

/** Files are opened, not plugged in: there is no slot to run out of, only descriptors. */
const LIMITS: TargetLimits = { attachedVolumes: 256, snapshotsAtOnce: 4 };

/** A live connection to a pool and a machines directory. */
export class QemuTargetSession implements TargetSession<QemuPlacement> {
  readonly networks: IsolatedNetworks;
  readonly volumes: Volumes;
  readonly machines: Machines;
  readonly catalog: QemuCatalog;
  readonly can: TargetCapabilities;

  private constructor(
    pool: Pool,
    host: MachineHost,
    settings: QemuTargetSettings,
    snapshotCost: 'instant' | 'copies-volume',
  ) {
    this.networks = new IsolatedNetworks(pool);
    this.volumes = new Volumes(pool);
    this.machines = new Machines(pool, this.networks, host);
    this.catalog = new QemuCatalog(settings, this.networks);
    this.can = {
      zeroedVolumes: { guaranteed: true },
      volumeSnapshots: {
        whileAttached: new VolumeSnapshots(pool, this.volumes, 'while-attached'),
        whileDetached: new VolumeSnapshots(pool, this.volumes, 'while-detached'),
        cost: snapshotCost,
      },
      isolatedNetworks: this.networks,
      consoleScreenshot: new MachineConsole(this.machines, host),
    };
  }

  static async open(
    settings: QemuTargetSettings,
    context: PluginContext,
    host: MachineHost,
    options: CallOptions,
  ): Promise<QemuTargetSession> {
    const pool = await Pool.open(settings.poolDir, context);
    await removeUnusedSnapshotFiles(pool);
    const instant = await copiesAreInstant(context, settings.poolDir, options);
    return new QemuTargetSession(pool, host, settings, instant ? 'instant' : 'copies-volume');
  }

  limits(options: CallOptions): Promise<TargetLimits> {
    return guarded(options, () => Promise.resolve(LIMITS));
  }

  /** Gives back the volumes that are open through this session. Machines go on. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.volumes.closeAll();
  }
}
