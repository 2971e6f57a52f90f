import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VirtualMachine } from '../client/index.js';

/** By what this appliance is known from inside. */
export interface ApplianceIdentity {
  /** The system UUID of SMBIOS, in lower case; on KVM it is the machine's id (CloudStack LibvirtVMDef.GuestDef). */
  readonly uuid?: string;
  /** Of its network cards, in lower case. */
  readonly macs: readonly string[];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAC = /^(?!00:00:00:00:00:00)[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/**
 * What the kernel tells of this machine. Nothing of it is needed to be there: the UUID is for root only, and on some
 * platforms there is none.
 * @param sysDir where sysfs is.
 */
export async function readIdentity(sysDir: string): Promise<ApplianceIdentity> {
  const uuid = (await textOf(join(sysDir, 'class/dmi/id/product_uuid'))).toLowerCase();
  const cards = await readdir(join(sysDir, 'class/net')).catch(() => []);
  const addresses = await Promise.all(
    cards.sort().map((card) => textOf(join(sysDir, 'class/net', card, 'address'))),
  );
  const macs = addresses.map((address) => address.toLowerCase()).filter((address) => MAC.test(address));
  return { ...(UUID.test(uuid) ? { uuid } : {}), macs: [...new Set(macs)] };
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'ascii').catch(() => '')).trim();
}

/** The network cards of a machine that are this appliance's; each can be seen in one machine only, as a rule. */
export function sharedMacs(machine: VirtualMachine, { macs }: ApplianceIdentity): string[] {
  return machine.nic
    .map(({ macaddress }) => macaddress?.toLowerCase() ?? '')
    .filter((address) => macs.includes(address));
}
