import { MigrationError, asMigrationError } from '@ossea/errors';
import type { Finding, SourceSession, TargetSession, VmId } from '@ossea/plugin-sdk';
import type { DataSource } from 'typeorm';
import { lastPoint } from '../replication/recovery-points.js';
import { askRules, type FailoverKind } from './pre-flight-rules.js';

export interface PreFlightInput {
  readonly database: DataSource;
  readonly contextId: string;
  readonly source: SourceSession;
  readonly target: TargetSession;
  readonly placement: unknown;
}

/** Everything that speaks against a failover now, or that people should know. */
export async function preFlight(
  input: PreFlightInput,
  vmId: VmId,
  kind: FailoverKind,
  signal: AbortSignal,
): Promise<Finding[]> {
  const vm = await input.source.inventory
    .describe(vmId, { signal })
    .catch((error: unknown) => asMigrationError(error, 'peer.unreachable'));
  if (vm instanceof MigrationError && vm.code === 'call.aborted') throw vm;
  const point = await lastPoint(input.database, input.contextId);
  return askRules({ ...input, vm, point, signal }, kind);
}

/**
 * The same as a step of a run.
 * @returns what stands in no way but should be known.
 * Throws `failover.blocked` that names every blocker.
 */
export async function mustBePossible(
  input: PreFlightInput,
  vmId: VmId,
  kind: FailoverKind,
  signal: AbortSignal,
): Promise<string[]> {
  const findings = await preFlight(input, vmId, kind, signal);
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  if (blockers.length > 0)
    throw new MigrationError(
      'failover.blocked',
      blockers.map(({ message, remedy }) => `${message} ${remedy}`).join(' '),
      {
        context: { rules: blockers.map(({ code }) => code).join(',') },
      },
    );
  return findings.map(({ message }) => message);
}
