import { MigrationError, ERRORS, asMigrationError } from '@ossea/errors';
import type { Finding, Severity, SourceSession, TargetSession, VmDescription } from '@ossea/plugin-sdk';
import { In, Not, type DataSource } from 'typeorm';
import { NetworkMapping } from '../networks/network-mapping.entity.js';
import type { PointWithDisks } from '../replication/recovery-points.js';
import { FailoverRun } from './failover-run.entity.js';

export type FailoverKind = 'test' | 'live';

/** What the rules look at: read once, before any of them is asked. */
export interface PreFlightScene {
  readonly database: DataSource;
  readonly contextId: string;
  readonly source: SourceSession;
  readonly target: TargetSession;
  readonly placement: unknown;
  /** The machine as the source describes it now, or why it cannot be described. */
  readonly vm: VmDescription | MigrationError;
  readonly point: PointWithDisks | undefined;
  readonly signal: AbortSignal;
}

interface Rule {
  readonly id: string;
  readonly kinds: readonly FailoverKind[];
  readonly severity: Severity;
  readonly remedy: string;
  /** What is wrong, one sentence each; none when the rule is kept. */
  readonly broken: (
    scene: PreFlightScene,
    kind: FailoverKind,
  ) => Promise<readonly string[]> | readonly string[];
}

const BOTH: readonly FailoverKind[] = ['test', 'live'];
const STALE_AFTER_MS = 24 * 3_600_000;
const described = ({ vm }: PreFlightScene): VmDescription | undefined =>
  vm instanceof Error ? undefined : vm;

/** Everything that could stop a failover, or that people should know before it. The run asks the same rules. */
export const PRE_FLIGHT_RULES: readonly Rule[] = [
  {
    id: 'point.missing',
    kinds: BOTH,
    severity: 'blocker',
    remedy: 'Replicate the machine once; then there is something to fail over to.',
    broken: ({ point }) => (point ? [] : ['No recovery point stands.']),
  },
  {
    id: 'source.unreachable',
    kinds: ['live'],
    severity: 'blocker',
    remedy: 'Check the connection to the source: its last changes could not be copied.',
    broken: ({ vm }) => (vm instanceof Error ? [vm.message] : []),
  },
  {
    id: 'disks.changed',
    kinds: ['live'],
    severity: 'blocker',
    remedy: 'Replicate again, so that the target has what the source has now.',
    broken: (scene) => {
      const sealed = new Map(scene.point?.disks.map((disk) => [disk.diskKey, disk]) ?? []);
      const disks = described(scene)?.disks ?? [];
      const gone = [...sealed.keys()].filter((key) => !disks.some((disk) => disk.key === key));
      return [
        ...disks.filter(({ key }) => !sealed.has(key)).map(({ label }) => `The disk "${label}" was added.`),
        ...gone.map((key) => `The disk "${key}" is gone.`),
        ...disks
          .filter(({ key, sizeBytes }) => (sealed.get(key)?.sizeBytes ?? sizeBytes) !== sizeBytes)
          .map(({ label }) => `The disk "${label}" has another size.`),
      ];
    },
  },
  {
    id: 'source.concern',
    kinds: ['live'],
    severity: 'blocker',
    remedy: 'Do what the concern of the machine says.',
    broken: (scene) =>
      described(scene)
        ?.concerns.filter(({ severity }) => severity === 'blocker')
        .map(({ message }) => message) ?? [],
  },
  {
    id: 'network.unmapped',
    kinds: ['live'],
    severity: 'blocker',
    remedy: ERRORS['network.unmapped'].remedy,
    broken: (scene) => unmapped(scene, 'liveNetwork'),
  },
  {
    id: 'network.no-test-network',
    kinds: ['test'],
    severity: 'warning',
    remedy: 'Map a test network, or the test machine starts without this one.',
    broken: async (scene) => (scene.target.can.isolatedNetworks ? [] : unmapped(scene, 'testNetwork')),
  },
  {
    id: 'snapshots.unsupported',
    kinds: ['test'],
    severity: 'blocker',
    remedy: 'Choose a target that can snapshot volumes.',
    broken: ({ target }) => (target.can.volumeSnapshots ? [] : ['The target cannot snapshot volumes.']),
  },
  {
    id: 'rollback.without-snapshots',
    kinds: ['live'],
    severity: 'warning',
    remedy: 'A roll back starts the source again; the target is then replicated anew.',
    broken: ({ target }) => (target.can.volumeSnapshots ? [] : ['The target cannot snapshot volumes.']),
  },
  {
    id: 'source.no-power-control',
    kinds: ['live'],
    severity: 'warning',
    remedy: 'Shut the source machine down by hand when the failover asks for it.',
    broken: ({ source }) =>
      source.can.power ? [] : ['The source machine cannot be switched off from here.'],
  },
  {
    id: 'test.not-cleaned-up',
    kinds: BOTH,
    severity: 'blocker',
    remedy: 'Clean up the test failover first.',
    broken: async ({ database, contextId }) => {
      const open = await database
        .getRepository(FailoverRun)
        .countBy({ contextId, kind: 'test', state: Not(In(['requested', 'cleaned-up', 'left-behind'])) });
      return open > 0 ? ['A test failover of this machine is not cleaned up.'] : [];
    },
  },
  {
    id: 'point.old',
    kinds: BOTH,
    severity: 'information',
    remedy: 'Replicate once more: the final cycle then has less to copy.',
    broken: ({ point }) => {
      const ageMs = point ? Date.now() - point.sealedAt.getTime() : 0;
      return ageMs > STALE_AFTER_MS
        ? [`The last recovery point is ${Math.round(ageMs / 3_600_000)} hours old.`]
        : [];
    },
  },
];

async function unmapped(
  scene: PreFlightScene,
  side: 'liveNetwork' | 'testNetwork',
): Promise<readonly string[]> {
  const { database, contextId } = scene;
  const mappings = await database.getRepository(NetworkMapping).findBy({ contextId });
  const networks = new Set(described(scene)?.nics.map(({ network }) => network) ?? []);
  return [...networks]
    .filter((network) => !mappings.find(({ sourceNetwork }) => sourceNetwork === network)?.[side])
    .map((network) => `The source network "${network}" is not mapped.`);
}

/** All findings of a failover of this kind, the target's own about the placement among them. Never throws for a finding. */
export async function askRules(scene: PreFlightScene, kind: FailoverKind): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { id, kinds, severity, remedy, broken } of PRE_FLIGHT_RULES) {
    if (!kinds.includes(kind)) continue;
    for (const message of await broken(scene, kind)) findings.push({ code: id, severity, message, remedy });
  }
  const { target, placement, signal } = scene;
  try {
    findings.push(...(await target.catalog.validate(placement, { signal })));
  } catch (thrown) {
    const error = asMigrationError(thrown, 'peer.unreachable');
    const { remedy } = ERRORS[error.code];
    findings.push({ code: 'target.unreachable', severity: 'blocker', message: error.message, remedy });
  }
  return findings;
}
