import { Injectable } from '@nestjs/common';
import { isMigrationError } from '@ossea/errors';
import { DataSource, MoreThan, type EntityManager, type ObjectLiteral } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { SecretBox } from './secret-box.js';
import { SEALED_COLUMNS, type SealedColumn, type SecretPlace } from './sealed-columns.js';

const ROWS_AT_ONCE = 50;

export interface Rewrapped {
  readonly rewrapped: number;
  /** Secrets that no key of ours opens: they stay as they are, and have to be entered again. */
  readonly unreadable: number;
}

type Texts = Readonly<Record<string, string>>;

/** Takes every stored secret to the present key, row by row, while everything goes on. */
@Injectable()
export class Rewrapping {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly box: SecretBox,
  ) {}

  /** Each row is a transaction of its own; what is up to date is not touched, so that it may simply run again. */
  async run(signal: AbortSignal, afterRow: () => void = () => undefined): Promise<Rewrapped> {
    let [rewrapped, unreadable] = [0, 0];
    for (const column of SEALED_COLUMNS)
      for await (const row of this.rows(column)) {
        signal.throwIfAborted();
        if (Object.values(textsOf(column, row)).every((text) => this.box.isUpToDate(text))) continue;
        const done = await this.unitOfWork.run((manager) => this.rewrapRow(manager, column, idOf(row)));
        rewrapped += done.rewrapped;
        unreadable += done.unreadable;
        afterRow();
      }
    return { rewrapped, unreadable };
  }

  /** How many secrets each key seals, by the key's id. */
  async uses(): Promise<ReadonlyMap<string, number>> {
    const uses = new Map<string, number>();
    for (const column of SEALED_COLUMNS)
      for await (const row of this.rows(column))
        for (const text of Object.values(textsOf(column, row))) {
          const id = this.box.kekIdOf(text) ?? 'unknown';
          uses.set(id, (uses.get(id) ?? 0) + 1);
        }
    return uses;
  }

  private async rewrapRow(manager: EntityManager, column: SealedColumn, id: string): Promise<Rewrapped> {
    const isMariaDb = this.database.options.type === 'mariadb';
    const row = await manager.getRepository(column.entity).findOne({
      where: { id },
      // whoever changes the row waits for us, or we have waited for them; SQLite has one writer anyway
      ...(isMariaDb ? { lock: { mode: 'pessimistic_write' as const } } : {}),
    });
    if (!row) return { rewrapped: 0, unreadable: 0 };
    const next: Record<string, string> = {};
    let [rewrapped, unreadable] = [0, 0];
    for (const [path, text] of Object.entries(textsOf(column, row))) {
      next[path] = text;
      if (this.box.isUpToDate(text)) continue;
      try {
        const place = { table: column.table, column: column.column, row: id, path } as SecretPlace;
        next[path] = this.box.rewrap(text, place);
        rewrapped += 1;
      } catch (error) {
        if (!isMigrationError(error)) throw error;
        unreadable += 1;
      }
    }
    if (rewrapped > 0) {
      const { driver } = this.database;
      const name = (text: string) => driver.escape(text);
      const value = column.shape === 'text' ? next[''] : JSON.stringify(next);
      // not by the entity: nothing that people can see has changed, so neither has the row's version
      await manager.query(
        `UPDATE ${name(column.table)} SET ${name(column.column)} = ? WHERE ${name('id')} = ?`,
        [value, id],
      );
    }
    return { rewrapped, unreadable };
  }

  private async *rows({ entity, column }: SealedColumn): AsyncGenerator<ObjectLiteral> {
    const repository = this.database.getRepository(entity);
    for (let after = ''; ;) {
      const rows = await repository.find({
        select: { id: true, [column]: true },
        where: { id: MoreThan(after) },
        order: { id: 'ASC' },
        take: ROWS_AT_ONCE,
      });
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < ROWS_AT_ONCE) return;
      after = idOf(last);
    }
  }
}

const idOf = (row: ObjectLiteral): string => String((row as { id: unknown }).id);

function textsOf({ column, shape }: SealedColumn, row: ObjectLiteral): Texts {
  const value: unknown = (row as Record<string, unknown>)[column];
  if (value === null || value === undefined) return {};
  return shape === 'text' ? { '': value as string } : (value as Texts);
}
