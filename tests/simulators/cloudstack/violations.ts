import type { MachineHost } from './machines/machine-host.js';
import type { Volume } from './state/model.js';
import type { World } from './state/world.js';
import type { ApplianceDevices } from './storage/appliance-devices.js';
import { openFilesIn } from './storage/open-files.js';
import type { FileMark, VolumeFiles } from './storage/volume-files.js';

/** Looking through the host's processes takes a while: a client that polls must not make it happen every time. */
const LOOK_EVERY_MS = 200;

/** What must never happen to a volume, whatever the data base says; each is kept once. */
export class Violations {
  private readonly seen = new Set<string>();
  /** What volumes looked like when nobody had them. */
  private readonly marks = new Map<string, FileMark>();
  private lookedAt = 0;

  constructor(
    private readonly parts: {
      readonly world: World;
      readonly files: VolumeFiles;
      readonly devices: ApplianceDevices;
      readonly machines: MachineHost;
    },
  ) {}

  add(violation: string): void {
    this.seen.add(violation);
  }

  all(): readonly string[] {
    this.look();
    return [...this.seen];
  }

  /** From now on nobody may write it. */
  seal(volume: Volume): void {
    const mark = this.parts.files.mark(volume.id);
    if (mark) this.marks.set(volume.id, mark);
  }

  /** Somebody has it, or the cloud itself changes it: it may be written. */
  unseal(volume: Volume): void {
    this.checkSeal(volume);
    this.marks.delete(volume.id);
  }

  lookSometimes(): void {
    if (Date.now() - this.lookedAt >= LOOK_EVERY_MS) this.look();
  }

  look(): void {
    const { world, files } = this.parts;
    for (const volume of world.volumes.all()) {
      this.checkSeal(volume);
      this.checkPlugged(volume);
    }
    const byPath = new Map(world.volumes.everything().map((volume) => [files.volumePath(volume.id), volume]));
    for (const { pid, path, writable } of openFilesIn(files.volumesDir)) {
      const volume = byPath.get(path);
      if (volume) this.checkHolder(volume, pid, writable);
    }
    this.lookedAt = Date.now();
  }

  private checkSeal(volume: Volume): void {
    const mark = this.marks.get(volume.id);
    const now = this.parts.files.mark(volume.id);
    if (!mark || !now || (mark.modifiedMs === now.modifiedMs && mark.sizeBytes === now.sizeBytes)) return;
    this.add(`${named(volume)} was written while it was attached to nothing`);
    this.marks.set(volume.id, now);
  }

  private checkPlugged(volume: Volume): void {
    const machine = volume.attachment?.machine;
    if (machine && !machine.isAppliance && this.parts.devices.isPlugged(volume.id))
      this.add(`${named(volume)} is attached to ${machine.name} and still plugged into the appliance`);
  }

  private checkHolder(volume: Volume, pid: number, writable: boolean): void {
    const machine = volume.attachment?.machine;
    const where = volume.removed
      ? 'removed'
      : machine
        ? `attached to ${machine.name}`
        : 'attached to nothing';
    const holder = this.parts.machines.runBy(pid, this.parts.world.machines.everything());
    if (!holder) {
      const mayHold = machine?.isAppliance === true || this.parts.devices.isPlugged(volume.id);
      // to read what nobody has does no harm
      if (!mayHold && (machine || writable))
        this.add(`${named(volume)} is open in this host's processes while it is ${where}`);
    } else if (holder !== machine) {
      this.add(`${named(volume)} is open in the machine ${holder.name} while it is ${where}`);
    }
  }
}

const named = ({ name, id }: Volume): string => `the volume ${name} (${id})`;
