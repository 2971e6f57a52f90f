export type Cell = string | number | boolean | undefined;

export interface Column<T> {
  readonly head: string;
  readonly cell: (item: T) => Cell;
}

/** Names come from hypervisors and their guests: nothing in them may steer the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}

const text = (cell: Cell): string => {
  if (cell === undefined) return '-';
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : harmless(String(cell));
};

/** Aligned columns under heads. */
export function table<T>(items: readonly T[], columns: readonly Column<T>[]): string {
  const rows = [
    columns.map(({ head }) => head.toUpperCase()),
    ...items.map((item) => columns.map(({ cell }) => text(cell(item)))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((value, index) => value.padEnd(widths[index]!))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** One thing, a line for each of its columns. */
export function card<T>(item: T, columns: readonly Column<T>[]): string {
  const width = Math.max(...columns.map(({ head }) => head.length));
  return columns.map(({ head, cell }) => `${head.padEnd(width)}  ${text(cell(item))}`.trimEnd()).join('\n');
}

/** `1.5 GiB`. */
export function bytes(count: number | undefined): string | undefined {
  if (count === undefined) return undefined;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]!}`;
}

/** `1.2 s`. */
export function seconds(durationMs: number | undefined): string | undefined {
  return durationMs === undefined ? undefined : `${(durationMs / 1000).toFixed(1)} s`;
}
