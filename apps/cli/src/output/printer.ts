import type { Writable } from 'node:stream';
import { card, table, type Column } from './table.js';

export const FORMATS = ['table', 'json', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

/** Data goes to standard output in the format that was asked for; JSON is what the API answered. */
export class Printer {
  constructor(
    private readonly out: Writable,
    readonly format: Format,
  ) {}

  /** A list whose answer is `{ items }`. */
  list<T>(items: readonly T[], body: unknown, columns: readonly Column<T>[]): void {
    if (this.format === 'table') return this.line(table(items, columns));
    if (this.format === 'json') return this.json(body);
    for (const item of (body as { items: unknown[] }).items) this.json(item);
  }

  one<T>(item: T, body: unknown, columns: readonly Column<T>[]): void {
    if (this.format === 'table') this.line(card(item, columns));
    else this.json(body);
  }

  json(body: unknown): void {
    this.line(this.format === 'jsonl' ? JSON.stringify(body) : JSON.stringify(body, undefined, 2));
  }

  line(text: string): void {
    this.out.write(`${text}\n`);
  }
}
