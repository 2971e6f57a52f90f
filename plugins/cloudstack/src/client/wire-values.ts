import { z } from '@ossea/plugin-sdk';

/** A truth value; some releases write it as text. */
export const flag = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(true|false)$/i)
    .transform((text) => text.toLowerCase() === 'true'),
]);

/** A number; some fields are text in some releases (`maxdatavolumeslimit`, a NIC's `deviceid`). */
export const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);

/** `2022-06-24T07:45:36+0000` (CloudStack ApiResponseGsonHelper). One that cannot be read is left out. */
export const date = z
  .string()
  .transform((text) => new Date(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')))
  .refine((value) => !Number.isNaN(value.getTime()))
  .optional()
  .catch(undefined);

/** What is left of an allowance: "Unlimited" or a number, as text (CloudStack AccountResponse). */
export const allowance = z
  .union([number, z.string().transform((text) => (/^unlimited$/i.test(text) ? -1 : Number.NaN))])
  // -1 is how limits themselves say it
  .transform((value) => (value === -1 ? Number.POSITIVE_INFINITY : value))
  .refine((value) => !Number.isNaN(value))
  .optional()
  .catch(undefined);

/** Settings of a machine, a template or an offering. */
export const details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

/** A string that is not always there. */
export const text = z.string().optional();
