import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../state/model.js';

/** What a guest reads as the serial of a volume: virtio keeps 20 characters. */
export const serialOf = (volumeId: string): string => volumeId.replaceAll('-', '').slice(0, 20);

/** The appliance's view of itself: the devices it sees, and who it is. */
export class ApplianceDevices {
  readonly deviceDir: string;
  readonly sysDir: string;
  private readonly plugged = new Set<string>();

  constructor(directory: string) {
    this.deviceDir = join(directory, 'dev/by-id');
    this.sysDir = join(directory, 'sys');
  }

  async prepare(appliance: Machine): Promise<void> {
    await mkdir(this.deviceDir, { recursive: true });
    const dmi = join(this.sysDir, 'class/dmi/id');
    const net = join(this.sysDir, 'class/net/eth0');
    for (const directory of [dmi, net]) await mkdir(directory, { recursive: true });
    // firmware writes it in capitals
    await writeFile(join(dmi, 'product_uuid'), `${appliance.id.toUpperCase()}\n`);
    await writeFile(join(net, 'address'), `${appliance.nics[0]!.mac}\n`);
  }

  isPlugged(volumeId: string): boolean {
    return this.plugged.has(volumeId);
  }

  async plug(volumeId: string, file: string): Promise<void> {
    this.plugged.add(volumeId);
    await rm(this.link(volumeId), { force: true });
    await symlink(file, this.link(volumeId));
  }

  async unplug(volumeId: string): Promise<void> {
    this.plugged.delete(volumeId);
    await rm(this.link(volumeId), { force: true });
  }

  private link(volumeId: string): string {
    return join(this.deviceDir, `virtio-${serialOf(volumeId)}`);
  }
}
