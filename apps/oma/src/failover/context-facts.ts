import { In, type DataSource } from 'typeorm';
import { FactSheet, LedgerEntry } from '../replication/runs/run.entities.js';

/** Some of what is known of a VM context, findings and held resources alike, for a run beside it. */
export async function contextFacts(
  database: DataSource,
  contextId: string,
  names: readonly string[],
): Promise<Record<string, unknown>> {
  const sheet = await database.getRepository(FactSheet).findOneBy({ subjectId: contextId });
  const held = await database
    .getRepository(LedgerEntry)
    .findBy({ subjectId: contextId, state: 'held', resource: In([...names]) });
  const facts = Object.entries(sheet?.findings ?? {}).filter(([name]) => names.includes(name));
  const resources = held.map(({ resource, ref }): [string, unknown] => [resource, ref?.value]);
  return Object.fromEntries([...facts, ...resources]);
}
