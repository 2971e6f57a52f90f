import { randomUUID } from 'node:crypto';
import type { Row } from './model.js';

let numbers = 0;

/** What every row begins with. */
export function newRow(): { id: string; number: number; created: Date; removed: boolean } {
  numbers += 1;
  return { id: randomUUID(), number: numbers, created: new Date(), removed: false };
}

/** The rows of one kind, in the order of their making. */
export class Table<T extends Row> {
  private readonly byId = new Map<string, T>();

  add<R extends T>(row: R): R {
    this.byId.set(row.id, row);
    return row;
  }

  /** Also one that was removed. */
  find(id: string): T | undefined {
    return this.byId.get(id);
  }

  everything(): T[] {
    return [...this.byId.values()];
  }

  /** Those that were not removed. */
  all(): T[] {
    return this.everything().filter(({ removed }) => !removed);
  }
}
