import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { Connection } from '../connections/connection.entity.js';
import { SetUpDraft } from '../connections/set-up.entity.js';

/** A column that holds sealed secrets. */
export interface SealedColumn {
  readonly table: string;
  readonly entity: EntityTarget<ObjectLiteral>;
  readonly column: string;
  /** `texts`: an object of sealed texts by their dotted path; `text`: one sealed text, or nothing. */
  readonly shape: 'texts' | 'text';
  /** How the ids of its rows begin. */
  readonly idPrefix: string;
}

/**
 * Every column that holds sealed secrets: what a rotation of the key walks over. Nothing can be sealed for a place
 * that is not listed here.
 */
export const SEALED_COLUMNS = [
  { table: 'connection', entity: Connection, column: 'secrets', shape: 'texts', idPrefix: 'con' },
  { table: 'set_up', entity: SetUpDraft, column: 'secrets', shape: 'texts', idPrefix: 'set' },
] as const satisfies readonly SealedColumn[];

/** Where a secret belongs: it opens nowhere else. */
export interface SecretPlace {
  readonly table: (typeof SEALED_COLUMNS)[number]['table'];
  readonly column: (typeof SEALED_COLUMNS)[number]['column'];
  /** The id of the row. */
  readonly row: string;
  /** The dotted path of the field in a column of many secrets; empty in a column of one. */
  readonly path: string;
}

/** The place of a field in the row of this id. Throws for a row of no registered column. */
export function placeOf(row: string, path: string): SecretPlace {
  const found = SEALED_COLUMNS.find(({ idPrefix }) => row.startsWith(`${idPrefix}_`));
  if (!found) throw new Error(`No sealed column has rows like ${row.slice(0, 8)}.`);
  return { table: found.table, column: found.column, row, path };
}

/** @throws for a place that no rotation would ever see. */
export function mustBeRegistered({ table, column }: SecretPlace): void {
  const isKnown = SEALED_COLUMNS.some((one) => one.table === table && one.column === column);
  if (!isKnown) throw new Error(`${String(table)}.${String(column)} is not a sealed column.`);
}
