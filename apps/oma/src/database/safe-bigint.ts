import type { ValueTransformer } from 'typeorm';

/** MariaDB returns a bigint as a string, SQLite as a number; both become a checked safe integer. */
export const safeBigint: ValueTransformer = {
  to: (value: number | null | undefined) => value,
  from: (value: string | number | null) => {
    if (value === null || value === undefined) return value;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError(`unsafe integer ${value}`);
    return number;
  },
};
