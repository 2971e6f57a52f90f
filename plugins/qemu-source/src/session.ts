import type { SourceCapabilities, SourceSession } from '@ossea/plugin-sdk';
import { QemuChangeTracking } from './change-tracking.js';
import { QemuDisks } from './disks.js';
import type { QemuHost } from './host.js';
import { QemuInventory } from './inventory.js';
import { QemuPower, QemuScreenshots } from './power.js';
import { QemuSnapshots } from './snapshots.js';

/** A live connection to a directory of machines. */
export class QemuSourceSession implements SourceSession {
  readonly inventory: QemuInventory;
  readonly snapshots: QemuSnapshots;
  readonly disks: QemuDisks;
  readonly can: SourceCapabilities;

  constructor(host: QemuHost) {
    this.inventory = new QemuInventory(host);
    this.snapshots = new QemuSnapshots(host);
    this.disks = new QemuDisks(this.snapshots);
    this.can = {
      changedBlocks: new QemuChangeTracking(host, this.snapshots),
      power: new QemuPower(host, this.snapshots),
      consoleScreenshot: new QemuScreenshots(host),
    };
  }

  /** Ends what shows the disks of stopped machines. Snapshots stay, and open again. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.snapshots.closeAll();
  }
}
