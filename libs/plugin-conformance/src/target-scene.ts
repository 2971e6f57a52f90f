import type {
  MachineBlueprint,
  MachineRef,
  TargetSession,
  VolumeDevice,
  VolumeRef,
  VolumeSpec,
} from '@ossea/plugin-sdk';
import { calm, freshKey } from './clause.js';
import type { TargetSubject } from './subjects.js';

export type Undo = (action: () => Promise<unknown>) => void;
export const CLUSTER = 65_536;

/** Size of the volumes the kit makes, in bytes. */
export function volumeBytes(subject: TargetSubject): number {
  return subject.volumeBytes ?? 64 << 20;
}

export function volumeSpec(subject: TargetSubject): VolumeSpec<unknown> {
  return {
    name: `conformance-${freshKey().slice(-8)}`,
    sizeBytes: volumeBytes(subject),
    placement: subject.placement,
  };
}

/** A volume that lasts until the end of the clause. */
export async function newVolume(
  session: TargetSession,
  subject: TargetSubject,
  undo: Undo,
): Promise<VolumeRef> {
  const ref = await session.volumes.create(volumeSpec(subject), { key: freshKey(), signal: calm() });
  undo(() => session.volumes.remove(ref, { signal: calm() }));
  return ref;
}

/** Opens a volume, uses the device and gives it back. */
export async function onDevice<T>(
  session: TargetSession,
  volume: VolumeRef,
  use: (device: VolumeDevice) => Promise<T>,
): Promise<T> {
  const lease = await session.volumes.open(volume, { signal: calm() });
  try {
    return await use(lease.value);
  } finally {
    await lease[Symbol.asyncDispose]();
  }
}

/** Writes to a volume that is not open. */
export async function put(
  session: TargetSession,
  subject: TargetSubject,
  volume: VolumeRef,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  await onDevice(session, volume, (device) => subject.write(device, offset, bytes));
}

/** Reads from a volume that is not open. */
export async function get(
  session: TargetSession,
  subject: TargetSubject,
  volume: VolumeRef,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  return onDevice(session, volume, (device) => subject.read(device, offset, length));
}

/** A blueprint of a machine with one volume, bootable where the subject can make it so. */
export async function blueprint(
  session: TargetSession,
  subject: TargetSubject,
  undo: Undo,
): Promise<MachineBlueprint<unknown>> {
  const volume = await newVolume(session, subject, undo);
  const { makeBootable, machine = {} } = subject;
  if (makeBootable) await onDevice(session, volume, (device) => makeBootable.call(subject, device));
  const network = machine.network ?? (await session.networks.list({ signal: calm() }))[0]?.ref;
  return {
    name: `conformance-${freshKey().slice(-8)}`,
    cpus: machine.cpus ?? 1,
    memoryBytes: machine.memoryBytes ?? 128 << 20,
    firmware: machine.firmware ?? 'bios',
    disks: [{ volume, boot: true }],
    nics: network === undefined ? [] : [{ mac: '52:54:00:c0:4f:01', network }],
    placement: subject.placement,
  };
}

/** A machine, stopped, that lasts until the end of the clause; it is stopped before it is removed. */
export async function newMachine(
  session: TargetSession,
  subject: TargetSubject,
  undo: Undo,
): Promise<{ machine: MachineRef; volume: VolumeRef; spec: MachineBlueprint<unknown> }> {
  const spec = await blueprint(session, subject, undo);
  const machine = await session.machines.create(spec, { key: freshKey(), signal: calm() });
  undo(() => session.machines.remove(machine, { signal: calm() }));
  undo(async () => {
    // a clause may have removed it
    const state = await session.machines.state(machine, { signal: calm() }).catch(() => 'stopped');
    if (state !== 'stopped') await session.machines.stop(machine, { signal: calm() });
  });
  return { machine, volume: spec.disks[0]?.volume ?? '', spec };
}
