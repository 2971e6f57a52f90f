/** A privilege of vSphere and what it is for; ids as in "Defined Privileges", vSphere Security. */
export interface NeededPrivilege {
  readonly id: string;
  readonly neededFor: string;
  readonly required: boolean;
}

/** The minimal role of the account, propagated from the root folder (or from a datacenter: then only it is seen). */
export const PRIVILEGES: readonly NeededPrivilege[] = [
  { id: 'System.View', neededFor: 'seeing the inventory', required: true },
  { id: 'System.Read', neededFor: 'reading what machines are made of', required: true },
  {
    id: 'VirtualMachine.State.CreateSnapshot',
    neededFor: 'taking the snapshot of each cycle',
    required: true,
  },
  {
    id: 'VirtualMachine.State.RemoveSnapshot',
    neededFor: 'removing the snapshot of each cycle',
    required: true,
  },
  {
    id: 'VirtualMachine.Config.ChangeTracking',
    neededFor: 'switching changed block tracking on: without it every cycle is a full one',
    required: false,
  },
  {
    id: 'VirtualMachine.Provisioning.DiskRandomRead',
    neededFor: 'reading disks through VDDK, and the changed areas of a disk',
    required: true,
  },
  {
    id: 'VirtualMachine.Provisioning.GetVmFiles',
    neededFor: 'reading disks through VDDK',
    required: false,
  },
  {
    id: 'VirtualMachine.Config.DiskLease',
    neededFor: 'reading disks of running machines through VDDK',
    required: false,
  },
  { id: 'Datastore.Browse', neededFor: 'reading disks from the datastore over HTTPS', required: false },
  {
    id: 'Datastore.FileManagement',
    neededFor: 'reading disks from the datastore over HTTPS',
    required: false,
  },
  {
    id: 'VirtualMachine.Interact.PowerOff',
    neededFor: 'stopping the source at a live failover',
    required: false,
  },
  {
    id: 'VirtualMachine.Interact.PowerOn',
    neededFor: 'starting the source again at a roll back',
    required: false,
  },
  { id: 'Cryptographer.Access', neededFor: 'reading encrypted disks', required: false },
];
