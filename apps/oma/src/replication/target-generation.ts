import { VmContext } from '../discovery/vm-context.entity.js';
import type { RunContext } from './run-context.js';

/** Whatever writes the target outside replication raises its generation: an incremental cycle needs the sealed one. */
export async function raiseGeneration({ database, contextId }: RunContext): Promise<void> {
  await database.getRepository(VmContext).increment({ id: contextId }, 'generation', 1);
}

/** The volumes were put back to what a recovery point of this generation holds. */
export async function returnToGeneration(
  { database, contextId }: RunContext,
  generation: number,
): Promise<void> {
  await database.getRepository(VmContext).update({ id: contextId }, { generation, updatedAt: new Date() });
}
