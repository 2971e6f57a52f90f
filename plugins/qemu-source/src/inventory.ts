import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { asMigrationError } from '@ossea/errors';
import type {
  CallOptions,
  DiskDescription,
  Finding,
  PowerState,
  SourceInventory,
  VmDescription,
  VmSummary,
} from '@ossea/plugin-sdk';
import { diskPath, type MachineDefinition, type MachineDisk } from '@ossea/qemu';
import { guarded } from './guarded.js';
import type { QemuHost } from './host.js';

const SECTOR_BYTES = 512;

/** The machines of the host, as their definitions and images say. */
export class QemuInventory implements SourceInventory {
  constructor(private readonly host: QemuHost) {}

  async *list(options: CallOptions): AsyncIterable<VmSummary> {
    for (const id of await guarded(options, () => this.host.launcher.list())) {
      const summary = await guarded(options, () => this.summary(id, options));
      if (summary) yield summary;
    }
  }

  describe(vm: string, options: CallOptions): Promise<VmDescription> {
    return guarded(options, async () => {
      const { launcher, hostId } = this.host;
      const machine = await launcher.read(vm);
      const { directory } = launcher.paths(vm);
      const disks: DiskDescription[] = [];
      const concerns: Finding[] = [];
      for (const disk of machine.disks) {
        const described = await this.disk(disk, diskPath(directory, disk), options);
        disks.push(described.disk);
        concerns.push(...described.concerns);
      }
      return {
        id: vm,
        name: machine.name,
        power: (await launcher.state(vm, options)) as PowerState,
        hostId,
        cpus: machine.cpus,
        memoryBytes: machine.memoryBytes,
        firmware: machine.firmware,
        ...(machine.guestOs === undefined ? {} : { guestOs: machine.guestOs }),
        disks,
        nics: machine.nics.map(({ key, mac, network }) => ({ key, mac, network })),
        concerns: [...concerns, ...untracked(machine)],
      };
    });
  }

  private async summary(id: string, options: CallOptions): Promise<VmSummary | undefined> {
    try {
      const { name } = await this.host.launcher.read(id);
      return { id, name, power: (await this.host.launcher.state(id, options)) as PowerState };
    } catch (thrown) {
      const error = asMigrationError(thrown);
      if (error.code === 'call.aborted') throw error;
      // one that is broken, or gone meanwhile, must not hide the others
      this.host.context.log.warn(`The machine "${id}" cannot be listed: ${error.message}`);
      return undefined;
    }
  }

  private async disk(
    disk: MachineDisk,
    path: string,
    options: CallOptions,
  ): Promise<{ readonly disk: DiskDescription; readonly concerns: readonly Finding[] }> {
    const base = { key: disk.key, label: disk.key, boot: disk.boot };
    try {
      const file = await stat(path, { bigint: true });
      const info = await this.host.images.imageInfo(path, { format: disk.format, signal: options.signal });
      // QEMU shows a raw file rounded up to whole sectors; what it really has is what counts
      const sizeBytes = disk.format === 'raw' && file.isFile() ? Number(file.size) : info.virtualSizeBytes;
      const backing = backingOf(path, file, info.backingFile);
      return { disk: { ...base, backing, sizeBytes }, concerns: sizeConcerns(disk.key, sizeBytes) };
    } catch (thrown) {
      const error = asMigrationError(thrown, 'storage.io-failed');
      if (error.code === 'call.aborted') throw error;
      return {
        disk: { ...base, backing: path, sizeBytes: 0 },
        concerns: [
          {
            code: 'disk.unreadable',
            severity: 'blocker',
            message: `The disk "${disk.key}" cannot be read: ${error.message}`,
            remedy: 'Put the image back, or take the disk out of the machine.',
          },
        ],
      };
    }
  }
}

/**
 * Another file under the same name is another disk, and so is one that reads through to another file. Numbers of
 * file-system devices are no part of it: they change when a host restarts.
 */
function backingOf(path: string, file: BigIntStats, readsThrough: string | undefined): string {
  const identity = file.isFile() ? [path, file.ino, file.birthtimeNs] : [path];
  return [...identity, ...(readsThrough === undefined ? [] : [readsThrough])].join('#');
}

function sizeConcerns(key: string, sizeBytes: number): Finding[] {
  if (sizeBytes > 0 && sizeBytes % SECTOR_BYTES === 0) return [];
  return [
    {
      code: 'disk.size-invalid',
      severity: 'blocker',
      message: `The disk "${key}" has ${sizeBytes} bytes.`,
      remedy: 'Give it a size above zero that is a multiple of 512 bytes.',
    },
  ];
}

function untracked({ disks }: MachineDefinition): Finding[] {
  return disks
    .filter(({ format }) => format === 'raw')
    .map(({ key }) => ({
      code: 'tracking.lost-at-stop',
      severity: 'information' as const,
      message: `The disk "${key}" is raw: it has no place for a record of changes while the machine is off.`,
      remedy: 'Convert it to qcow2, or expect a full cycle after every stop of the machine.',
    }));
}
