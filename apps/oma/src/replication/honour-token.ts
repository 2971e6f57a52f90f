import { isMigrationError } from '@ossea/errors';
import type { WorkDecision } from './decide-work.js';
import type { RunContext } from './run-context.js';

/**
 * The decision, or a full cycle of this one disk where the source cannot honour its token: asked by the first of the
 * changes, before anything is copied. What the source says later than that sends all disks back to be decided anew.
 */
export async function honoured(
  decision: WorkDecision,
  range: { readonly disk: string; readonly since: string | undefined; readonly until: string },
  { source }: Pick<RunContext, 'source'>,
  signal: AbortSignal,
): Promise<WorkDecision> {
  const { disk, since, until } = range;
  const tracking = source.can.changedBlocks;
  if (decision.kind === 'full' || since === undefined || !tracking) return decision;
  try {
    const changes = tracking.changes(disk, { since, until }, { signal })[Symbol.asyncIterator]();
    await changes.next();
    // the copy asks for all of them
    await changes.return?.();
    return decision;
  } catch (error) {
    if (!isMigrationError(error) || error.code !== 'tracking.reset') throw error;
    return { kind: 'full', reason: 'tracking-reset', because: error.message };
  }
}
