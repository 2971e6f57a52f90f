import type { Finding } from '@ossea/plugin-sdk';
import type { DiskTransport, SnapshotDisk } from './disk-transport.js';

export interface Refusal {
  readonly id: string;
  readonly because: string;
}

/** Which transport reads a disk, and why the others do not. */
export interface Choice {
  readonly chosen?: DiskTransport;
  readonly refused: readonly Refusal[];
}

const NAMES: Readonly<Record<string, string>> = {
  vddk: 'VDDK',
  datastore: 'the datastore over HTTPS',
  nbdkit: 'the configured nbdkit plugin',
};
const nameOf = (id: string): string => NAMES[id] ?? id;

/**
 * The first that can read a disk.
 * @param transports in the order in which they are preferred.
 */
export function chooseTransport(transports: readonly DiskTransport[], disk: SnapshotDisk): Choice {
  const refused: Refusal[] = [];
  let chosen: DiskTransport | undefined;
  for (const transport of transports) {
    const assessment = transport.assess(disk);
    if (!assessment.usable) refused.push({ id: transport.id, because: assessment.because });
    else chosen ??= transport;
  }
  return chosen ? { chosen, refused } : { refused };
}

/** The choice for one disk as the operator is told before the first byte moves. */
export function describeChoice({ chosen, refused }: Choice, disk: Pick<SnapshotDisk, 'label'>): Finding {
  const others = refused.map(({ id, because }) => `${capitalised(nameOf(id))} cannot: ${because}`).join(' ');
  if (chosen)
    return {
      code: 'disk.reader',
      severity: 'information',
      message: [`"${disk.label}" is read by ${nameOf(chosen.id)}.`, others].filter(Boolean).join(' '),
      remedy:
        refused.length === 0
          ? 'Nothing needs to be done.'
          : 'Nothing needs to be done, unless another way of reading is wanted.',
    };
  return {
    code: 'disk.no-reader',
    severity: 'blocker',
    message: `Nothing here can read "${disk.label}". ${others || 'No reader is configured.'}`,
    remedy: 'Set up VDDK in the settings of the connection, or remove what keeps the other readers from it.',
  };
}

/** The same for all disks of a machine. */
export function describeReaders(
  transports: readonly DiskTransport[],
  disks: readonly SnapshotDisk[],
): Finding[] {
  return disks.map((disk) => describeChoice(chooseTransport(transports, disk), disk));
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
