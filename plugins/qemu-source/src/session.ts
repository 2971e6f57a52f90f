import type { SourceCapabilities, SourceSession } from '@ossea/plugin-sdk';
import { QemuChangeTracking } from './change-tracking.js';
import { QemuDisks } from './disks.js';
import type { QemuHost } from './host.js';
import { QemuInventory } from './inventory.js';
import { QemuPower, QemuScreenshots } from './power.js';
import { QemuSnapshots } from './snapshots.js';
import { StandingSnapshots } from './standing-snapshots.js';

/** A live connection to a directory of machines. */
export class QemuSourceSession implements SourceSession {
  readonly inventory: QemuInventory;
  readonly snapshots: QemuSnapshots;
  readonly disks: QemuDisks;
  readonly can: SourceCapabilities;
  private readonly standing: StandingSnapshots;

  constructor(host: QemuHost) {
    this.standing = new StandingSnapshots(host);
    this.inventory = new QemuInventory(host);
    this.snapshots = new QemuSnapshots(host, this.standing);
    this.disks = new QemuDisks(this.standing);
    this.can = {
      changedBlocks: new QemuChangeTracking(host, this.standing),
      power: new QemuPower(host, this.standing),
      consoleScreenshot: new QemuScreenshots(host),
    };
  }

  /** Ends what holds the disks of stopped machines. Snapshots stay, and open again. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.standing.releaseAll();
  }
}
