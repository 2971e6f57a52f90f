import type { Finding } from '@ossea/plugin-sdk';
import { badTrackingOf, type HostProduct } from '../known-bad-tracking.js';
import { devicesOf, guestToolsOf, powerStateOf, snapshotsOf, type VmProperties } from '../vm-properties.js';
import { concern } from './concern-table.js';

/** Up to this many snapshots of a machine, change tracking is known to work. */
const MAX_SNAPSHOTS = 28;
const MIN_HARDWARE_VERSION = 7;

/** The host that a machine runs on, as far as it matters. */
export interface HostFacts {
  readonly name: string;
  readonly inMaintenanceMode: boolean;
  readonly product?: HostProduct;
}

/** What stands in the way of a machine by what it is and in what state. */
export function machineConcerns(vm: VmProperties, host: HostFacts | undefined): Finding[] {
  return [
    ...state(vm),
    ...devices(vm),
    ...firmware(vm),
    ...snapshots(vm),
    ...tracking(vm, host),
    ...(powerStateOf(vm['runtime.powerState']) === 'running' && guestToolsOf(vm) !== 'running'
      ? [concern('tools.not-running', 'VMware Tools do not run in the guest.')]
      : []),
    ...(host?.inMaintenanceMode
      ? [concern('host.maintenance', `Its host ${host.name} is in maintenance mode.`)]
      : []),
  ];
}

function state(vm: VmProperties): Finding[] {
  const connection = vm['runtime.connectionState'] ?? 'connected';
  const ftState = vm['runtime.faultToleranceState'] ?? 'notConfigured';
  return [
    ...(connection === 'connected'
      ? []
      : [concern('machine.not-connected', `vSphere says that the machine is ${connection}.`)]),
    ...(vm['config.template'] === true ? [concern('machine.template', 'It is a template.')] : []),
    ...(vm['config.ftInfo'] !== undefined || ftState !== 'notConfigured'
      ? [concern('machine.fault-tolerance', `Fault Tolerance is set up (${ftState}).`)]
      : []),
    ...(vm['runtime.consolidationNeeded'] === true
      ? [concern('machine.consolidation-needed', 'Its disks need consolidation.')]
      : []),
  ];
}

function devices(vm: VmProperties): Finding[] {
  return devicesOf(vm).flatMap(({ $type, deviceInfo, key }) => {
    const label = deviceInfo?.label ?? `Device ${key}`;
    if ($type === 'VirtualPCIPassthrough' || $type === 'VirtualSCSIPassthrough')
      return [concern('device.passthrough', `"${label}" is passed through from the host.`)];
    if ($type === 'VirtualSriovEthernetCard')
      return [concern('device.sriov', `"${label}" is a virtual function of the host's adapter.`)];
    return $type === 'VirtualUSB' ? [concern('device.usb', `"${label}" is a USB device.`)] : [];
  });
}

function firmware(vm: VmProperties): Finding[] {
  return [
    ...(devicesOf(vm).some(({ $type }) => $type === 'VirtualTPM')
      ? [concern('machine.vtpm', 'It has a virtual TPM.')]
      : []),
    ...(vm['config.bootOptions']?.efiSecureBootEnabled === true
      ? [concern('machine.secure-boot', 'It starts with UEFI secure boot.')]
      : []),
  ];
}

function snapshots(vm: VmProperties): Finding[] {
  const standing = snapshotsOf(vm);
  const foreign = standing.filter(({ note }) => note === undefined).map(({ name }) => `"${name}"`);
  return [
    ...(foreign.length > 0
      ? [
          concern(
            'snapshots.foreign',
            `It has snapshots that are not ours: ${foreign.slice(0, 5).join(', ')}${foreign.length > 5 ? ` and ${foreign.length - 5} more` : ''}.`,
          ),
        ]
      : []),
    ...(standing.length > MAX_SNAPSHOTS
      ? [concern('snapshots.too-many', `It has ${standing.length} snapshots.`)]
      : []),
  ];
}

function tracking(vm: VmProperties, host: HostFacts | undefined): Finding[] {
  const version = Number(/^vmx-(\d+)$/.exec(vm['config.version'] ?? '')?.[1] ?? Number.NaN);
  if (version < MIN_HARDWARE_VERSION || vm['capability.changeTrackingSupported'] === false)
    return [
      concern(
        'machine.hardware-version',
        `Its virtual hardware (${vm['config.version'] ?? 'unknown'}) cannot track changes.`,
      ),
    ];
  const bad = host?.product && badTrackingOf(host.product);
  return [
    ...(bad ? [concern('tracking.unreliable', `Its host ${host.name} tells changes wrongly: ${bad}`)] : []),
    ...(vm['config.changeTrackingEnabled'] === true
      ? []
      : [concern('tracking.off', 'Changed block tracking is off.')]),
  ];
}
