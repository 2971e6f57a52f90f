import type { VirtualMachine } from '../../client/index.js';
import type { Facts } from '../facts.js';
import { nameOf } from '../find-appliance.js';
import { sharedMacs } from '../appliance-identity.js';
import { fail, notListed, ofChosen, pass, skipped, warning, type Check, type Outcome } from './check.js';

/** The appliance as CloudStack sees it, and whose it is. */
export const APPLIANCE_CHECKS: readonly Check[] = [
  {
    check: 'appliance-is-this-machine',
    title: 'The chosen appliance is this machine, and runs',
    of: (facts) => ofChosen(facts.appliance, 'appliance', (machine) => isThisMachine(machine, facts)),
  },
  {
    check: 'appliance-is-in-the-zone',
    title: 'The appliance is in the zone',
    of: ({ appliance, selection }) =>
      ofChosen(appliance, 'appliance', (machine) =>
        machine.zoneid === selection.zoneId
          ? pass(`The appliance is in the chosen zone${machine.zonename ? `, "${machine.zonename}"` : ''}.`)
          : fail(
              `The appliance is in the zone ${machine.zonename ?? machine.zoneid ?? 'unknown'}, and another one was chosen: its volumes could not be attached.`,
              'Choose the zone of the appliance, or set up an appliance in the other zone.',
            ),
      ),
  },
  {
    check: 'appliance-belongs-to-the-account',
    title: 'The appliance belongs to the account of the keys',
    of: (facts) => ofChosen(facts.appliance, 'appliance', (machine) => isOfTheAccount(machine, facts)),
  },
  {
    check: 'appliance-has-no-vm-snapshots',
    title: 'The appliance has no VM snapshots',
    of: ({ applianceSnapshots: { items, problem } }) => {
      const standing = items.filter(({ state }) => state !== 'Removed' && state !== 'Expunging');
      if (problem) return notListed(problem);
      return standing.length === 0
        ? pass('It has none.')
        : fail(
            `It has ${standing.length}: ${standing.map(({ displayname, name }) => displayname || name).join(', ')}. With them no volume can be attached to it or detached from it.`,
            'Delete the VM snapshots of the appliance, and make none; snapshots of its root volume are harmless.',
            'resource.conflict',
          );
    },
  },
];

function isThisMachine(machine: VirtualMachine, { identity }: Facts): Outcome {
  const name = nameOf(machine);
  const { uuid, macs } = identity;
  if (machine.state !== 'Running')
    return fail(
      `The machine "${name}" is ${machine.state.toLowerCase()}, and this appliance runs.`,
      'Choose the machine that this appliance is.',
    );
  if (machine.hypervisor !== undefined && machine.hypervisor !== 'KVM')
    return fail(
      `The appliance runs on ${machine.hypervisor}; its volumes are found and moved on KVM only.`,
      'Set up the appliance in a zone with KVM hosts.',
      'plugin.unsupported',
    );
  if (uuid !== undefined && uuid === machine.id.toLowerCase())
    return pass(`It is the machine "${name}", by its system UUID.`);
  const [mac] = sharedMacs(machine, identity);
  if (mac !== undefined) return pass(`It is the machine "${name}", by its MAC address ${mac}.`);
  const unlike = 'Volumes would be attached to that machine, and never appear in this one.';
  if (machine.nic.length > 0 && macs.length > 0)
    return fail(
      `The machine "${name}" has other MAC addresses than this appliance (${macs.join(', ')}). ${unlike}`,
      'Choose the machine that this appliance is.',
    );
  return warning(
    `Neither system UUID nor MAC addresses say whether this appliance is the machine "${name}".`,
    'Make sure that it is; the trial with a volume shows it.',
  );
}

/** A volume and the machine that it is attached to must have one owner (CloudStack VolumeApiServiceImpl, sameOwner). */
function isOfTheAccount(machine: VirtualMachine, { credentials, accounts }: Facts): Outcome {
  if (machine.projectid !== credentials.projectId)
    return fail(
      machine.projectid === undefined
        ? 'The appliance belongs to no project, and a project was entered: volumes would belong to that.'
        : 'The appliance belongs to a project, and another one or none was entered: volumes would have another owner than the appliance.',
      machine.projectid === undefined
        ? 'Leave the project empty.'
        : `Enter the project of the appliance: ${machine.projectid}.`,
    );
  if (machine.projectid !== undefined) return pass('Volumes and the appliance belong to the project.');
  if (accounts.problem) return notListed(accounts.problem);
  const [account] = accounts.items;
  if (account === undefined || accounts.items.length > 1 || machine.account === undefined)
    return skipped(
      'Whose the keys are is not told clearly.',
      'Make sure that they are of the account that owns the appliance; the trial with a volume shows it.',
    );
  const isSame =
    machine.account === account.name &&
    (machine.domainid === undefined ||
      account.domainid === undefined ||
      machine.domainid === account.domainid);
  return isSame
    ? pass(`Both belong to the account "${account.name}".`)
    : fail(
        `The keys are of the account "${account.name}", and the appliance belongs to "${machine.account}": volumes of one account cannot be attached to machines of another.`,
        `Use keys of a user of the account "${machine.account}".`,
      );
}
