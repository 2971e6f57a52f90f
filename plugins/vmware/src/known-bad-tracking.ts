/** `summary.config.product` of a host. */
export interface HostProduct {
  readonly version: string;
  readonly build: string;
}

interface KnownBad {
  /** Releases it counts for: the dotted version begins with this. */
  readonly versions: readonly string[];
  /** The first build that is right. */
  readonly fixedInBuild?: number;
  readonly because: string;
}

/**
 * Hosts whose changed block tracking is known to lose changes: a cycle on one of them is a full one.
 * Sources: VMware KB 2090639 (extending past 128 GB) and KB 2136854 (changes lost during consolidation).
 */
const KNOWN_BAD: readonly KnownBad[] = [
  {
    versions: ['3.', '4.', '5.'],
    because: 'ESXi before 6.0 forgets changes once a disk was extended past 128 GB (VMware KB 2090639).',
  },
  {
    versions: ['6.0.'],
    // ESXi600-201511001
    fixedInBuild: 3_247_720,
    because: 'ESXi 6.0 before build 3247720 loses changes while snapshots are removed (VMware KB 2136854).',
  },
];

/** Why the changes that a host tells must not be relied on, or `undefined`. */
export function badTrackingOf({ version, build }: HostProduct): string | undefined {
  return KNOWN_BAD.find(
    ({ versions, fixedInBuild }) =>
      versions.some((one) => version.startsWith(one)) &&
      (fixedInBuild === undefined || !(Number(build) >= fixedInBuild)),
  )?.because;
}
