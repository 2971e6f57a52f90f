import type { CallOptions } from '@ossea/plugin-sdk';
import { virtualMachineSchema, type CloudstackClient, type VirtualMachine } from '../client/index.js';
import { sharedMacs, type ApplianceIdentity } from './appliance-identity.js';
import { look, type Looked } from './look.js';

export interface ApplianceSearch {
  readonly machine?: VirtualMachine;
  /** How it was found, or why it was not, in one sentence. */
  readonly how: string;
  readonly remedy?: string;
  /** All machines that were seen, where it was not found by its UUID. */
  readonly seen: Looked<VirtualMachine>;
}

/** The scopes that are looked in. That -1 stands for all projects of the caller was not verified at a server. */
const EVERY_PROJECT = { projectid: '-1' };
const FIELDS = ['min', 'nics'];

/**
 * Finds the machine that this runs in: first by its system UUID, then by the MAC addresses of its cards, since
 * listVirtualMachines has no filter for them; each among the account's machines, then among those of its projects.
 * @param inProject whether the client works in a project already.
 * Throws `call.aborted`.
 */
export async function findAppliance(
  client: CloudstackClient,
  identity: ApplianceIdentity,
  inProject: boolean,
  options: CallOptions,
): Promise<ApplianceSearch> {
  const scopes = [{}, ...(inProject ? [{ projectid: undefined }] : []), EVERY_PROJECT];
  const { uuid, macs } = identity;
  for (const scope of uuid === undefined ? [] : scopes) {
    const { items } = await list(client, { ...scope, ...(uuid === undefined ? {} : { id: uuid }) }, options);
    const machine = items.find(({ id }) => id.toLowerCase() === uuid);
    if (machine) return { machine, how: byUuid(machine, identity), seen: { items: [machine] } };
  }
  const seen: VirtualMachine[] = [];
  let problem: Looked<VirtualMachine>['problem'];
  for (const scope of scopes) {
    const found = await list(client, scope, options);
    // one that may not look into projects has seen its own machines all the same
    if (scope !== EVERY_PROJECT) problem ??= found.problem;
    seen.push(...found.items.filter(({ id }) => seen.every((other) => other.id !== id)));
    const matching = found.items.filter((machine) => sharedMacs(machine, identity).length > 0);
    const [machine] = matching;
    if (machine && matching.length === 1)
      return {
        machine,
        how: `Found by the MAC address ${sharedMacs(machine, identity)[0]}, which the virtual machine "${nameOf(machine)}" has.`,
        seen: { items: seen },
      };
    if (machine) return { ...ambiguous(matching), seen: { items: seen } };
  }
  return { ...notFound(uuid, macs), seen: { items: seen, ...(problem ? { problem } : {}) } };
}

/** What people call a machine. */
export function nameOf({ displayname, name, id }: VirtualMachine): string {
  return displayname || name || id;
}

function list(
  client: CloudstackClient,
  scope: Readonly<Record<string, string | undefined>>,
  options: CallOptions,
): Promise<Looked<VirtualMachine>> {
  const params = { listall: true, details: FIELDS, ...scope };
  return look(client, 'listVirtualMachines', params, virtualMachineSchema, options);
}

function byUuid(machine: VirtualMachine, identity: ApplianceIdentity): string {
  const [mac] = sharedMacs(machine, identity);
  const agrees = mac === undefined ? '' : `, and its MAC address ${mac} agrees`;
  return `Found by its system UUID ${machine.id}, which is the id of the virtual machine "${nameOf(machine)}"${agrees}.`;
}

function ambiguous(machines: readonly VirtualMachine[]) {
  return {
    how: `Its MAC addresses belong to several virtual machines: ${machines.map(nameOf).join(', ')}.`,
    remedy: 'Choose this appliance among them, by its name.',
  };
}

function notFound(uuid: string | undefined, macs: readonly string[]) {
  const has =
    uuid === undefined ? 'Its system UUID cannot be read' : `No virtual machine has its system UUID ${uuid}`;
  const cards =
    macs.length === 0 ? 'it has no network card' : `none has one of its MAC addresses (${macs.join(', ')})`;
  return {
    how: `${has}, and ${cards}, among those that this account can see.`,
    remedy:
      'This appliance must be a virtual machine of this CloudStack. Use the keys of the account that owns it, and enter the project where it belongs to one.',
  };
}
