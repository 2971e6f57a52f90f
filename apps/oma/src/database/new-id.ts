import { monotonicFactory } from 'ulid';

const next = monotonicFactory();

/** A prefixed ULID such as `ctx_01J…`: sorts by the time it was made, and says what it names. */
export function newId(prefix: string): string {
  return `${prefix}_${next()}`;
}
